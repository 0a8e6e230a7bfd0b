// report_tags.c: labels of samples, their values and the sum of each (reports.h).
#include "reports.h"
#include "../../base/saturated.h"
#include "report_json.h"
#include "../../base/vector.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TAGS = 1 << 20 };

struct tag {
    char *key, *value; // in one block
    int64_t weight, samples;
};
struct tags {
    struct tag *tags;
    size_t count, capacity;
    struct intern ids; // index + 1
    int type;          // index of the sample type
    int64_t all;
};

static bool same_tag(const void *context, uint32_t id, const void *thing) {
    const struct tag *have = &((const struct tags *)context)->tags[id - 1], *want = thing;
    return strcmp(have->key, want->key) == 0 && strcmp(have->value, want->value) == 0;
}

static enum merge_error add_tag(struct tags *tags, const char *key, const char *value, int64_t weight) {
    struct tag wanted = {.key = (char *)key, .value = (char *)value};
    uint32_t hash = intern_hash_end(intern_hash_bytes(intern_hash_bytes(0, key, strlen(key)), value, strlen(value)));
    uint32_t id = intern_find(&tags->ids, hash, same_tag, tags, &wanted);
    if (id == 0) {
        if (tags->count == MAX_TAGS) {
            return MERGE_TOO_LARGE;
        }
        if (!VECTOR_RESERVE(tags->tags, tags->capacity, tags->count + 1)) {
            return MERGE_NO_MEMORY;
        }
        size_t key_size = strlen(key) + 1, value_size = strlen(value) + 1;
        char *copy = malloc(key_size + value_size);
        if (!copy || !intern_add(&tags->ids, hash, (uint32_t)tags->count + 1)) {
            free(copy);
            return MERGE_NO_MEMORY;
        }
        memcpy(copy, key, key_size);
        memcpy(copy + key_size, value, value_size);
        tags->tags[tags->count] = (struct tag){copy, copy + key_size, 0, 0};
        id = (uint32_t)++tags->count;
    }
    struct tag *tag = &tags->tags[id - 1];
    tag->weight = saturated_sum(tag->weight, weight);
    tag->samples++;
    return MERGE_OK;
}

static enum merge_error add_labels(void *context, const struct profile_sample_view *sample, const struct sample_frames *frames) {
    struct tags *tags = context;
    enum merge_error error = MERGE_OK;
    if (!frames) {
        return MERGE_OK;
    }
    int64_t weight = sample->values[tags->type];
    tags->all = saturated_sum(tags->all, weight);
    for (size_t i = 0; i < sample->label_count && error == MERGE_OK; i++) {
        const struct profile_label *label = &sample->labels[i];
        char number[200];
        snprintf(number, sizeof number, "%" PRId64 "%s%.100s", label->number, *label->unit ? " " : "", label->unit);
        error = add_tag(tags, label->key, label->text ? label->text : number, weight);
    }
    return error;
}

// Sorts by key, then by weight, largest first.
static int compare(const void *left, const void *right) {
    const struct tag *a = left, *b = right;
    int key = strcmp(a->key, b->key);
    uint64_t first = text_magnitude(a->weight), second = text_magnitude(b->weight);
    return key ? key : first != second ? (first > second ? -1 : 1) : strcmp(a->value, b->value);
}

static void print_key(const struct tags *tags, size_t from, size_t to, const struct report_options *options, FILE *out) {
    char value[TEXT_VALUE_BYTES];
    int64_t sum = 0;
    for (size_t i = from; i < to; i++) {
        sum = saturated_sum(sum, tags->tags[i].weight);
    }
    text_put(tags->tags[from].key, out);
    fprintf(out, ": %s, %.1f%% of all, %zu value%s\n", report_value(options, sum, value), report_share(sum, tags->all), to - from,
            to - from == 1 ? "" : "s");
    size_t shown = to - from < options->top->lines ? to - from : options->top->lines;
    for (size_t i = from; i < from + shown; i++) {
        const struct tag *tag = &tags->tags[i];
        fprintf(out, "%12s %6.1f%%  ", report_value(options, tag->weight, value), report_share(tag->weight, tags->all));
        text_put(*tag->value ? tag->value : "(empty)", out);
        fputc('\n', out);
    }
    if (shown < to - from) {
        fprintf(out, "%12s          and %zu more\n", "", to - from - shown);
    }
}

static enum merge_error put_json(const struct tags *tags, const struct report_options *options, FILE *out) {
    struct json json = {0};
    report_json_begin(options, tags->all, &json);
    json_key(&json, "labels");
    json_array_begin(&json);
    for (size_t from = 0, to; from < tags->count; from = to) {
        json_object_begin(&json);
        json_member_text(&json, "key", tags->tags[from].key);
        json_key(&json, "values");
        json_array_begin(&json);
        for (to = from; to < tags->count && strcmp(tags->tags[to].key, tags->tags[from].key) == 0; to++) {
            if (to - from < options->top->lines) {
                json_object_begin(&json);
                json_member_text(&json, "name", tags->tags[to].value);
                json_member_number(&json, "value", tags->tags[to].weight);
                json_object_end(&json);
            }
        }
        json_array_end(&json);
        json_member_number(&json, "values_left_out", (int64_t)(to - from > options->top->lines ? to - from - options->top->lines : 0));
        json_object_end(&json);
    }
    json_array_end(&json);
    json_object_end(&json);
    return report_json_put(&json, out);
}

enum merge_error report_tags(struct profile *profile, const struct report_options *options, FILE *out) {
    struct frame_table table = {.by = FRAME_BY_FUNCTION, .filter = options->top->filter};
    struct tags tags = {.type = options->type};
    enum merge_error error = report_samples(profile, options, false, &table, add_labels, &tags);
    if (tags.count > 0) {
        qsort(tags.tags, tags.count, sizeof *tags.tags, compare);
    }
    if (error == MERGE_OK && options->top->json) {
        error = put_json(&tags, options, out);
    } else if (error == MERGE_OK && tags.count == 0) {
        fputs("no sample has a label\n", out);
    } else if (error == MERGE_OK) {
        for (size_t from = 0, to; from < tags.count; from = to) {
            for (to = from + 1; to < tags.count && strcmp(tags.tags[to].key, tags.tags[from].key) == 0; to++) {
            }
            print_key(&tags, from, to, options, out);
        }
    }
    for (size_t i = 0; i < tags.count; i++) {
        free(tags.tags[i].key);
    }
    free(tags.tags);
    intern_free(&tags.ids);
    frame_table_free(&table);
    return error;
}
