// search_facets.c: counts by facet; counts and means over time (search.h).
#include "search.h"
#include "search_lines.h"
#include "search_query.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TAG_KEYS_MAX = 100 };

// ---- Facets ----

struct value {
    const char *text; // of a tag: after the colon
    uint32_t count;
};

struct counting {
    const struct search *search;
    uint32_t *of_sets;                // uploads by set: first those that meet all, then for each group those that fail it alone
    uint32_t *by_string[FACET_COUNT]; // uploads by value
    uint32_t *tags;                   // uploads by whole tag
    size_t with_rest;                 // uploads of which some tags may not be listed
    struct value *values;             // capacity for one facet's
    const struct search_values *wanted;
};

static int by_count(const void *left, const void *right) {
    const struct value *a = left, *b = right;
    return a->count != b->count ? (a->count < b->count) - (a->count > b->count) : strcmp(a->text, b->text);
}

// Moves those that match to the front. Returns their count.
static size_t find_values(const struct counting *counting, const char *name, size_t name_length, size_t count) {
    const char *find = counting->wanted->find;
    struct value *values = counting->values;
    size_t kept = 0;
    for (size_t i = 0; i + strlen(find) <= name_length; i++) {
        if (strncasecmp(name + i, find, strlen(find)) == 0) {
            return count;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (strcasestr(values[i].text, find)) {
            values[kept++] = values[i];
        }
    }
    return kept;
}

// Sorts and writes {"name","values":[{"value","count"}...],"more"}. Returns false if nothing matches.
static bool write_facet(const struct counting *counting, struct json *json, const char *name, size_t name_length, size_t count) {
    struct value *values = counting->values;
    size_t max = counting->wanted->max;
    if (counting->wanted->find) {
        count = find_values(counting, name, name_length, count);
        if (count == 0) {
            return false;
        }
    }
    qsort(values, count, sizeof *values, by_count);
    json_object_begin(json);
    json_key(json, "name");
    json_text_n(json, name, name_length);
    json_key(json, "values");
    json_array_begin(json);
    size_t shown = count < max ? count : max;
    for (size_t i = 0; i < shown; i++) {
        json_object_begin(json);
        json_key(json, "value");
        json_text(json, values[i].text);
        json_key(json, "count");
        json_number(json, values[i].count);
        json_object_end(json);
    }
    json_array_end(json);
    json_key(json, "more");
    json_number(json, (int64_t)(count - shown));
    json_object_end(json);
    return true;
}

static void count_tag(struct counting *counting, const struct search_group *only, uint32_t string, uint32_t uploads) {
    const char *tag = string_pool_text(&counting->search->strings, string);
    bool other = only && (strncmp(tag, only->key, only->key_length) != 0 || tag[only->key_length] != ':');
    counting->tags[string] += other ? 0 : uploads;
}

// Counts the set of an upload, and its own tag.
static void count_row(struct counting *counting, const struct search_query *query, size_t row) {
    const struct search *search = counting->search;
    int missed = search_query_match(query, row);
    if (missed == SEARCH_NO_MATCH) {
        return;
    }
    const struct search_group *only = missed >= 0 ? &query->groups[missed] : NULL;
    uint32_t own_tag = (uint32_t)search_at(search, SEARCH_OWN_TAG, row);
    counting->of_sets[(size_t)(missed + 1) * search->sets.end + (size_t)search_at(search, SEARCH_SET, row)]++;
    if (own_tag && !(only && only->facet >= 0)) {
        count_tag(counting, only, own_tag, 1);
    }
}

// A facet's own values do not narrow its counts: an upload that fails only that facet counts there, and nowhere else.
static void count_set(struct counting *counting, const struct search_group *only, const struct tag_set *set, uint32_t uploads) {
    for (int i = 0; i < FACET_COUNT; i++) {
        if (!only || only->facet == i) {
            counting->by_string[i][set->facets[i]] += uploads;
        }
    }
    if (only && only->facet >= 0) {
        return;
    }
    for (uint32_t i = 0; i < set->tag_count; i++) {
        count_tag(counting, only, set->tags[i], uploads);
    }
    counting->with_rest += set->has_rest ? uploads : 0;
}

static void count_all(struct counting *counting, const struct search_query *query) {
    const struct search *search = counting->search;
    for (size_t i = search->begin; i < search->end; i++) {
        count_row(counting, query, i);
    }
    const uint32_t *uploads = counting->of_sets;
    for (size_t missed = 0; missed <= query->group_count; missed++) {
        for (uint32_t set = 0; set < search->sets.end; set++, uploads++) {
            if (*uploads > 0) {
                count_set(counting, missed > 0 ? &query->groups[missed - 1] : NULL, tag_sets_at(&search->sets, set), *uploads);
            }
        }
    }
}

static void write_named(struct counting *counting, struct json *json) {
    for (int i = 0; i < FACET_COUNT; i++) {
        size_t count = 0;
        for (uint32_t string = 0; string < counting->search->strings.end; string++) {
            if (counting->by_string[i][string]) {
                const char *text = string ? string_pool_text(&counting->search->strings, string) : "";
                counting->values[count++] = (struct value){text, counting->by_string[i][string]};
            }
        }
        write_facet(counting, json, facet_name((enum facet)i), strlen(facet_name((enum facet)i)), count);
    }
}

struct tag {
    const char *text;
    size_t key_length;
    uint32_t count;
};

static int by_text(const void *left, const void *right) {
    const struct tag *a = left, *b = right;
    size_t length = a->key_length < b->key_length ? a->key_length : b->key_length;
    int order = memcmp(a->text, b->text, length);
    return order ? order : (a->key_length > b->key_length) - (a->key_length < b->key_length);
}

static bool is_named(const char *key, size_t length) {
    for (int i = 0; i < FACET_COUNT; i++) {
        const char *name = facet_name((enum facet)i);
        if (strlen(name) == length && memcmp(name, key, length) == 0) {
            return true;
        }
    }
    return false;
}

// One facet per tag key, by name. Skips tags without a colon, and keys that are named facets.
static bool write_tags(struct counting *counting, struct json *json) {
    const struct string_pool *pool = &counting->search->strings;
    struct tag *tags = malloc((pool->end + 1) * sizeof *tags);
    size_t count = 0, keys = 0;
    if (!tags) {
        return false;
    }
    for (uint32_t string = 1; string < pool->end; string++) {
        const char *text = counting->tags[string] ? string_pool_text(pool, string) : NULL;
        const char *colon = text ? strchr(text, ':') : NULL;
        if (colon && colon > text && !is_named(text, (size_t)(colon - text))) {
            tags[count++] = (struct tag){text, (size_t)(colon - text), counting->tags[string]};
        }
    }
    qsort(tags, count, sizeof *tags, by_text);
    for (size_t i = 0, end; i < count && keys < TAG_KEYS_MAX; i = end) {
        for (end = i; end < count && by_text(&tags[i], &tags[end]) == 0; end++) {
            counting->values[end - i] = (struct value){tags[end].text + tags[end].key_length + 1, tags[end].count};
        }
        keys += write_facet(counting, json, tags[i].text, tags[i].key_length, end - i);
    }
    free(tags);
    return true;
}

bool search_facets(const struct search *search, const struct selection *selection, const struct search_values *wanted, struct json *json) {
    struct counting counting = {.search = search, .wanted = wanted};
    struct search_query query;
    struct search_rest rest = {0};
    size_t strings = search->strings.end + 1;
    bool ok = search_query_init(&query, search, selection, &rest);
    if (!ok) {
        return false;
    }
    query.one_may_fail = true;
    counting.tags = calloc(strings, sizeof *counting.tags);
    counting.values = calloc(strings, sizeof *counting.values);
    counting.of_sets = calloc((query.group_count + 1) * ((size_t)search->sets.end + 1), sizeof *counting.of_sets);
    ok = counting.tags && counting.values && counting.of_sets;
    for (int i = 0; i < FACET_COUNT; i++) {
        counting.by_string[i] = calloc(strings, sizeof *counting.by_string[i]);
        ok = ok && counting.by_string[i];
    }
    if (ok) {
        count_all(&counting, &query);
        json_object_begin(json);
        json_key(json, "facets");
        json_array_begin(json);
        write_named(&counting, json);
        ok = write_tags(&counting, json);
        json_array_end(json);
        if (counting.with_rest > 0) {
            json_key(json, "uploads_with_unlisted_tags");
            json_number(json, (int64_t)counting.with_rest);
        }
        search_rest_write(&rest, json);
        json_object_end(json);
    }
    for (int i = 0; i < FACET_COUNT; i++) {
        free(counting.by_string[i]);
    }
    free(counting.of_sets);
    free(counting.tags);
    free(counting.values);
    search_query_free(&query);
    return ok;
}

// ---- Histogram ----

struct bucket {
    int64_t count;
    struct search_means means;
};

// Bounds missing in the selection come from the uploads: the first and the last start.
static void find_range(const struct search *search, const struct search_query *query, int64_t *from_ms, int64_t *to_ms) {
    int64_t first = INT64_MAX, last = INT64_MIN;
    for (size_t i = search->begin; i < search->end; i++) {
        if (search_query_match(query, i) == SEARCH_ALL_HOLD) {
            int64_t start_ms = search_at(search, SEARCH_START, i);
            first = start_ms < first ? start_ms : first;
            last = start_ms > last ? start_ms : last;
        }
    }
    bool none = first > last;
    *from_ms = query->selection->from_ms != INT64_MIN ? query->selection->from_ms : none ? 0 : first;
    *to_ms = query->selection->to_ms != INT64_MAX ? query->selection->to_ms : none ? 0 : last + 1;
    *to_ms = *to_ms > *from_ms ? *to_ms : *from_ms + 1;
}

// ---- Buckets ----

// The largest multiple of width, counted from shift, that is not above the time.
static int64_t multiple_below(int64_t time_ms, int64_t width_ms, int64_t shift_ms) {
    int64_t rest = (time_ms - shift_ms) % width_ms;
    return time_ms - (rest < 0 ? rest + width_ms : rest);
}

// The smallest round width with which at most `max` buckets cover the range, which is extended to their limits. Returns their count. A
// range that fits no such width (one bucket for a range across a limit of every width) is cut into equal parts.
static int round_buckets(int64_t *from_ms, int64_t *to_ms, int max, int64_t shift_ms, int64_t *width_ms) {
    enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
    const int64_t day = INT64_C(24) * HOUR;
    const int64_t widths_ms[] = {SECOND,     2 * SECOND, 5 * SECOND,  10 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE,
                                 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR,        2 * HOUR,
                                 3 * HOUR,   6 * HOUR,   12 * HOUR,   day,         2 * day,     7 * day,     14 * day,
                                 30 * day,   90 * day,   365 * day,   3650 * day,  36500 * day, 365000 * day};
    for (size_t i = 0; i < sizeof widths_ms / sizeof *widths_ms; i++) {
        int64_t width = widths_ms[i], first = multiple_below(*from_ms, width, shift_ms);
        int64_t count = (*to_ms - first - 1) / width + 1;
        if (count <= max) {
            *from_ms = first;
            *to_ms = first + count * width;
            *width_ms = width;
            return (int)count;
        }
    }
    *width_ms = (*to_ms - *from_ms - 1) / max + 1;
    return max;
}

struct histogram {
    int64_t from_ms, to_ms, width_ms;
    struct bucket *buckets;
    int count;
    int measure;     // or -1
    bool otherwise;  // it is the one in place of another
    bool is_grouped; // there are lines
    struct search_lines lines;
};

static bool write_measure(const struct histogram *histogram, struct json *json) {
    bool ok = true;
    json_key(json, "measure");
    if (histogram->measure < 0) {
        json_text(json, NULL);
        return true;
    }
    json_object_begin(json);
    json_key(json, "name");
    json_text(json, measure_names[histogram->measure]);
    json_key(json, "unit");
    json_text(json, measure_units[histogram->measure]);
    json_key(json, "values");
    json_array_begin(json);
    for (int i = 0; i < histogram->count; i++) {
        const struct search_means *means = &histogram->buckets[i].means;
        json_real(json, search_mean_of(histogram->otherwise ? &means->otherwise : &means->measure));
    }
    json_array_end(json);
    if (histogram->is_grouped) {
        ok = search_lines_write(&histogram->lines, histogram->otherwise, (size_t)histogram->count, json);
    }
    json_object_end(json);
    return ok;
}

static bool write_histogram(const struct histogram *histogram, const struct search_rest *rest, struct json *json) {
    json_object_begin(json);
    json_key(json, "from_ms");
    json_number(json, histogram->from_ms);
    json_key(json, "to_ms");
    json_number(json, histogram->to_ms);
    json_key(json, "bucket_ms");
    json_number(json, histogram->width_ms);
    json_key(json, "counts");
    json_array_begin(json);
    for (int i = 0; i < histogram->count; i++) {
        json_number(json, histogram->buckets[i].count);
    }
    json_array_end(json);
    bool ok = write_measure(histogram, json);
    search_rest_write(rest, json);
    json_object_end(json);
    return ok;
}

// Returns false without memory.
static bool add_row(struct histogram *histogram, const struct search *search, size_t row, size_t at, const struct search_buckets *wanted,
                    bool *any) {
    struct bucket *bucket = &histogram->buckets[at];
    bucket->count++;
    *any |= search_mean_add(&bucket->means.measure, search, row, wanted->measure);
    search_mean_add(&bucket->means.otherwise, search, row, wanted->otherwise);
    return !histogram->is_grouped || search_lines_add(&histogram->lines, search, row, at, wanted->measure, wanted->otherwise);
}

bool search_histogram(const struct search *search, const struct selection *selection, struct search_rest *rest,
                      const struct search_buckets *wanted, struct json *json) {
    struct search_query query;
    if (!search_query_init(&query, search, selection, rest)) {
        return false;
    }
    struct histogram histogram = {.buckets = calloc((size_t)wanted->max, sizeof *histogram.buckets), .is_grouped = wanted->key};
    bool any = false; // an upload has the measure
    find_range(search, &query, &histogram.from_ms, &histogram.to_ms);
    rest->not_looked_at = 0; // they are counted below
    histogram.count = round_buckets(&histogram.from_ms, &histogram.to_ms, wanted->max, wanted->shift_ms, &histogram.width_ms);
    bool ok = histogram.buckets && (!wanted->key || search_lines_init(&histogram.lines, search, wanted->key, (size_t)histogram.count));
    for (size_t i = search->begin; ok && i < search->end; i++) {
        int64_t start_ms = search_at(search, SEARCH_START, i);
        if (start_ms >= histogram.from_ms && start_ms < histogram.to_ms && search_query_match(&query, i) == SEARCH_ALL_HOLD) {
            ok = add_row(&histogram, search, i, (size_t)((start_ms - histogram.from_ms) / histogram.width_ms), wanted, &any);
        }
    }
    if (ok) {
        histogram.otherwise = !any && wanted->otherwise >= 0;
        histogram.measure = histogram.otherwise ? wanted->otherwise : wanted->measure;
        ok = write_histogram(&histogram, rest, json);
    }
    search_lines_free(&histogram.lines);
    free(histogram.buckets);
    search_query_free(&query);
    return ok;
}
