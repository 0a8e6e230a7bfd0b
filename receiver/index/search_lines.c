// search_lines.c: means over time by the values of a tag (search_lines.h).
#include "search_lines.h"
#include "../../base/vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool search_mean_add(struct search_mean *mean, const struct search *search, size_t row, int measure) {
    double value = measure >= 0 ? column_get_real(&search->measures[measure], row) : NAN;
    mean->measured += !isnan(value);
    mean->sum += isnan(value) ? 0 : value;
    return !isnan(value);
}

double search_mean_of(const struct search_mean *mean) {
    return mean->measured > 0 ? mean->sum / (double)mean->measured : NAN;
}

bool search_lines_init(struct search_lines *lines, const struct search *search, const char *key, size_t buckets) {
    *lines = (struct search_lines){.buckets = buckets};
    search_groups_init(&lines->groups, key);
    return search_groups_begin(&lines->groups, search);
}

void search_lines_free(struct search_lines *lines) {
    search_groups_free(&lines->groups);
    free(lines->means);
}

bool search_lines_add(struct search_lines *lines, const struct search *search, size_t row, size_t bucket, int measure, int otherwise) {
    uint32_t number = search_groups_of(&lines->groups, search, row);
    size_t used = lines->capacity, needed = (size_t)number * lines->buckets;
    if (number == 0 || !VECTOR_RESERVE(lines->means, lines->capacity, needed)) {
        return false;
    }
    memset(lines->means + used, 0, (lines->capacity - used) * sizeof *lines->means);
    struct search_means *means = &lines->means[needed - lines->buckets + bucket];
    search_mean_add(&means->measure, search, row, measure);
    search_mean_add(&means->otherwise, search, row, otherwise);
    return true;
}

// ---- Writing ----

struct line {
    const char *text;
    const struct search_means *means;
    double peak;
};

static const struct search_mean *mean_of(const struct search_means *means, bool otherwise) {
    return otherwise ? &means->otherwise : &means->measure;
}

static int by_peak(const void *left, const void *right) {
    const struct line *a = left, *b = right;
    return a->peak != b->peak ? (a->peak < b->peak) - (a->peak > b->peak) : strcmp(a->text, b->text);
}

static void write_values(const struct line *lines, size_t line_count, bool otherwise, size_t count, struct json *json) {
    json_key(json, "values");
    json_array_begin(json);
    for (size_t bucket = 0; bucket < count; bucket++) {
        struct search_mean sum = {0};
        for (size_t i = 0; i < line_count; i++) {
            const struct search_mean *mean = mean_of(&lines[i].means[bucket], otherwise);
            sum.measured += mean->measured;
            sum.sum += mean->sum;
        }
        json_real(json, search_mean_of(&sum));
    }
    json_array_end(json);
}

// Those that have a value, the highest first. Returns their count.
static size_t rank(const struct search_lines *lines, bool otherwise, size_t count, struct line *ranked) {
    size_t used = 0;
    for (uint32_t number = 1; number <= search_groups_count(&lines->groups); number++) {
        struct line line = {search_groups_text(&lines->groups, number), lines->means + (number - 1) * lines->buckets, NAN};
        for (size_t bucket = 0; bucket < count; bucket++) {
            line.peak = fmax(line.peak, search_mean_of(mean_of(&line.means[bucket], otherwise)));
        }
        if (!isnan(line.peak)) {
            ranked[used++] = line;
        }
    }
    qsort(ranked, used, sizeof *ranked, by_peak);
    return used;
}

bool search_lines_write(const struct search_lines *lines, bool otherwise, size_t count, struct json *json) {
    struct line *ranked = malloc((search_groups_count(&lines->groups) + 1) * sizeof *ranked);
    if (!ranked) {
        return false;
    }
    size_t all = rank(lines, otherwise, count, ranked), shown = all < SEARCH_LINES ? all : SEARCH_LINES;
    json_key(json, "groups");
    json_array_begin(json);
    for (size_t i = 0; i < shown; i++) {
        json_object_begin(json);
        json_key(json, "value");
        json_text(json, ranked[i].text);
        write_values(&ranked[i], 1, otherwise, count, json);
        json_object_end(json);
    }
    json_array_end(json);
    if (all > shown) {
        json_key(json, "others");
        json_object_begin(json);
        json_key(json, "count");
        json_number(json, (int64_t)(all - shown));
        write_values(ranked + shown, all - shown, otherwise, count, json);
        json_object_end(json);
    }
    free(ranked);
    return true;
}
