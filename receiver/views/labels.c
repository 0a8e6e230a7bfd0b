// labels.c: counts labels (labels.h).
#include "labels.h"
#include "../../base/saturated.h"
#include "../../merge/intern.h"
#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct value {
    char *text, *unit; // one allocation
    int64_t count, weight;
};

struct key {
    char *text;
    struct value *values; // by id, from 1
    uint32_t count;
    struct intern ids;
    uint64_t left_out; // samples whose value was not stored
};

struct labels {
    struct key keys[LABELS_MAX_KEYS];
    size_t count;
    uint64_t keys_left_out; // samples
    char *type, unit[100];
    size_t profiles; // with the type
    int64_t total;
    uint64_t seed;
};

struct labels *labels_new(const char *type) {
    struct labels *labels = calloc(1, sizeof *labels);
    char *copy = labels ? strdup(type) : NULL;
    if (!copy) {
        free(labels);
        return NULL;
    }
    labels->type = copy;
    labels->seed = intern_seed();
    return labels;
}

void labels_free(struct labels *labels) {
    for (size_t i = 0; labels && i < labels->count; i++) {
        struct key *key = &labels->keys[i];
        for (uint32_t id = 1; id <= key->count; id++) {
            free(key->values[id].text);
        }
        free(key->values);
        free(key->text);
        intern_free(&key->ids);
    }
    if (labels) {
        free(labels->type);
    }
    free(labels);
}

// ---- Tables ----

static bool same_value(const void *context, uint32_t id, const void *wanted) {
    const struct value *value = &((const struct key *)context)->values[id], *like = wanted;
    return value->text && strcmp(value->text, like->text) == 0 && strcmp(value->unit, like->unit) == 0;
}

// NULL: too many, or no memory (then *failed).
static struct key *find_key(struct labels *labels, const char *text, bool *failed) {
    for (size_t i = 0; i < labels->count; i++) {
        if (strcmp(labels->keys[i].text, text) == 0) {
            return &labels->keys[i];
        }
    }
    if (labels->count == LABELS_MAX_KEYS || strlen(text) > LABELS_MAX_TEXT) {
        return NULL;
    }
    struct key *key = &labels->keys[labels->count];
    key->text = strdup(text);
    key->values = calloc(LABELS_MAX_VALUES + 1, sizeof *key->values);
    if (!key->text || !key->values) {
        free(key->text);
        free(key->values);
        *key = (struct key){0};
        *failed = true;
        return NULL;
    }
    labels->count++;
    return key;
}

static struct value *find_value(struct labels *labels, struct key *key, const struct value *like, bool *failed) {
    size_t size = strlen(like->text) + 1, unit_size = strlen(like->unit) + 1;
    uint32_t hash = intern_hash_end(intern_hash_bytes(labels->seed, like->text, size - 1));
    uint32_t id = intern_find(&key->ids, hash, same_value, key, like);
    if (id != 0) {
        return &key->values[id];
    }
    if (key->count == LABELS_MAX_VALUES || size + unit_size > LABELS_MAX_TEXT + 2) {
        return NULL;
    }
    char *copy = malloc(size + unit_size);
    if (!copy || !intern_add(&key->ids, hash, key->count + 1)) {
        free(copy);
        *failed = true;
        return NULL;
    }
    struct value *value = &key->values[++key->count];
    value->text = memcpy(copy, like->text, size);
    value->unit = memcpy(copy + size, like->unit, unit_size);
    return value;
}

// Returns false without memory.
static bool add_value(struct labels *labels, const char *key_text, const struct value *more) {
    bool failed = false;
    struct key *key = find_key(labels, key_text, &failed);
    if (!key) {
        labels->keys_left_out += (uint64_t)more->count;
        return !failed;
    }
    struct value *value = find_value(labels, key, more, &failed);
    if (value) {
        saturated_add(&value->count, more->count);
        saturated_add(&value->weight, more->weight);
    } else {
        key->left_out += (uint64_t)more->count;
    }
    return !failed;
}

// ---- Adding ----

static bool add_label(struct labels *labels, const struct profile_label *label, int64_t weight) {
    char number[24];
    struct value value = {.text = (char *)label->text, .unit = "", .count = 1, .weight = weight};
    if (!label->text && label->number == 0 && !*label->unit) {
        value.text = ""; // pprof writes an empty text as neither text nor number
    } else if (!label->text) {
        snprintf(number, sizeof number, "%lld", (long long)label->number);
        value.text = number;
        value.unit = (char *)label->unit;
    }
    return add_value(labels, label->key, &value);
}

size_t labels_profiles(const struct labels *labels) {
    return labels->profiles;
}

bool labels_add_profile(struct labels *labels, struct profile *profile) {
    int type = *labels->type ? profile_sample_type_chosen(profile, labels->type) : -1;
    if (type >= 0 && labels->profiles++ == 0) {
        snprintf(labels->unit, sizeof labels->unit, "%s", profile_sample_type_unit(profile, (size_t)type));
    }
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        if (profile_sample_without_frames(profile, i, &sample) != MERGE_OK) {
            return false;
        }
        int64_t weight = type >= 0 ? sample.values[type] : 0;
        saturated_add(&labels->total, weight);
        if (weight == 0 && type >= 0) { // a sample of other types
            continue;
        }
        for (size_t l = 0; l < sample.label_count; l++) {
            if (!add_label(labels, &sample.labels[l], weight)) {
                return false;
            }
        }
    }
    return true;
}

bool labels_add_labels(struct labels *labels, const struct labels *other) {
    for (size_t i = 0; i < other->count; i++) {
        const struct key *key = &other->keys[i];
        for (uint32_t id = 1; id <= key->count; id++) {
            if (!add_value(labels, key->text, &key->values[id])) {
                return false;
            }
        }
        bool failed = false;
        struct key *ours = find_key(labels, key->text, &failed);
        if (ours) {
            ours->left_out += key->left_out;
        }
    }
    saturated_add(&labels->total, other->total);
    labels->keys_left_out += other->keys_left_out;
    if (labels->profiles == 0) {
        memcpy(labels->unit, other->unit, sizeof labels->unit);
    }
    labels->profiles += other->profiles;
    return true;
}

// ---- Writing ----

static int compare_values(const void *left, const void *right) {
    const struct value *a = *(const struct value *const *)left, *b = *(const struct value *const *)right;
    if (a->weight != b->weight) {
        return a->weight > b->weight ? -1 : 1;
    }
    if (a->count != b->count) {
        return a->count > b->count ? -1 : 1;
    }
    return strcmp(a->text, b->text);
}

// Span ids, timestamps: nearly every sample has its own value. Only a key with some values can be judged.
static bool is_unique(const struct key *key) {
    enum { MIN_VALUES = 10 };
    int64_t samples = 0;
    for (uint32_t id = 1; id <= key->count; id++) {
        saturated_add(&samples, key->values[id].count);
    }
    return key->count >= MIN_VALUES && samples / 2 < (int64_t)key->count;
}

static int compare_keys(const void *left, const void *right) {
    const struct key *a = *(const struct key *const *)left, *b = *(const struct key *const *)right;
    bool last = is_unique(a);
    return last != is_unique(b) ? (last ? 1 : -1) : strcmp(a->text, b->text);
}

static void write_key(const struct key *key, double divisor, struct json *json) {
    const struct value *sorted[LABELS_MAX_VALUES];
    for (uint32_t i = 0; i < key->count; i++) {
        sorted[i] = &key->values[i + 1];
    }
    qsort(sorted, key->count, sizeof *sorted, compare_values);
    uint32_t shown = key->count < LABELS_SHOWN_VALUES ? key->count : LABELS_SHOWN_VALUES;
    json_object_begin(json);
    json_key(json, "key");
    json_text(json, key->text);
    json_key(json, "unique");
    json_bool(json, is_unique(key));
    json_key(json, "values");
    json_array_begin(json);
    for (uint32_t i = 0; i < shown; i++) {
        json_object_begin(json);
        json_key(json, "value");
        json_text(json, sorted[i]->text);
        json_key(json, "unit");
        json_text(json, sorted[i]->unit);
        json_key(json, "count");
        json_number(json, sorted[i]->count);
        json_key(json, "weight");
        view_write_mean(sorted[i]->weight, divisor, json);
        json_object_end(json);
    }
    json_array_end(json);
    json_key(json, "values_left_out");
    json_number(json, (int64_t)(key->count - shown + key->left_out));
    json_object_end(json);
}

void labels_write_keys(const struct labels *labels, struct json *json) {
    const struct key *sorted[LABELS_MAX_KEYS];
    for (size_t i = 0; i < labels->count; i++) {
        sorted[i] = &labels->keys[i];
    }
    qsort(sorted, labels->count, sizeof *sorted, compare_keys);
    json_key(json, "keys");
    json_array_begin(json);
    for (size_t i = 0; i < labels->count && !is_unique(sorted[i]); i++) { // those come last
        const char *text = sorted[i]->text;
        if (strcmp(text, VIEW_TIME_LABEL) != 0 && strcmp(text, "memory") != 0 && strcmp(text, "owner") != 0) {
            json_text(json, text);
        }
    }
    json_array_end(json);
}

void labels_write(const struct labels *labels, double divisor, struct json *json) {
    const struct key *sorted[LABELS_MAX_KEYS];
    for (size_t i = 0; i < labels->count; i++) {
        sorted[i] = &labels->keys[i];
    }
    qsort(sorted, labels->count, sizeof *sorted, compare_keys);
    json_key(json, "type");
    json_text(json, labels->profiles > 0 ? labels->type : NULL);
    json_key(json, "unit");
    json_text(json, labels->profiles > 0 ? labels->unit : NULL);
    json_key(json, "total");
    view_write_mean(labels->total, divisor, json);
    json_key(json, "labels");
    json_array_begin(json);
    for (size_t i = 0; i < labels->count; i++) {
        write_key(sorted[i], divisor, json);
    }
    json_array_end(json);
    json_key(json, "keys_left_out");
    json_number(json, (int64_t)labels->keys_left_out);
}
