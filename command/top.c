// top.c: finds the largest stacks or functions of a profile (top.h).
#include "top.h"

#include <stdlib.h>
#include <string.h>

// The type that counts what the given one weighs: inuse_space -> inuse_objects. -1: none.
static int objects_index(const struct profile *profile, const char *type) {
    size_t length = strlen(type);
    char name[64];
    if (length < 6 || length > 40 || strcmp(type + length - 6, "_space") != 0) {
        return -1;
    }
    snprintf(name, sizeof name, "%.*s_objects", (int)(length - 6), type);
    return profile_sample_type_index(profile, name);
}

static int64_t add(int64_t a, int64_t b) {
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? (b > 0 ? INT64_MAX : INT64_MIN) : sum;
}

// Orders frames by what makes two of them the same function. The profile keeps equal strings once, so pointers tell.
static int compare_frames(const struct profile_frame *a, const struct profile_frame *b) {
    const uintptr_t left[] = {(uintptr_t)a->function, (uintptr_t)a->file, (uintptr_t)a->mapping_file, (uintptr_t)a->address};
    const uintptr_t right[] = {(uintptr_t)b->function, (uintptr_t)b->file, (uintptr_t)b->mapping_file, (uintptr_t)b->address};
    for (size_t i = 0; i < (*a->function ? 2 : 4); i++) {
        if (left[i] != right[i]) {
            return left[i] < right[i] ? -1 : 1;
        }
    }
    return 0;
}

static int compare_frames_sort(const void *a, const void *b) {
    return compare_frames(a, b);
}

static int compare_stacks(const void *left, const void *right) {
    const struct top_row *a = left, *b = right;
    for (size_t i = 0; i < a->frame_count && i < b->frame_count; i++) {
        int order = compare_frames(&a->frames[i], &b->frames[i]);
        if (order != 0) {
            return order;
        }
    }
    return a->frame_count < b->frame_count ? -1 : a->frame_count > b->frame_count;
}

// By value, largest first, then by name, so that the same profile always prints the same.
static int compare_values(const void *left, const void *right) {
    const struct top_row *a = left, *b = right;
    if (a->value != b->value) {
        return a->value > b->value ? -1 : 1;
    }
    if (a->total != b->total) {
        return a->total > b->total ? -1 : 1;
    }
    const char *a_name = a->frame_count ? a->frames[0].function : "", *b_name = b->frame_count ? b->frames[0].function : "";
    return strcmp(a_name, b_name);
}

// Rows of one sample: its stack, or each of its functions once. Room for frame_count rows and frames is there.
static size_t add_rows(const struct profile_sample_view *sample, bool by_function, int64_t value, int64_t objects,
                       struct profile_frame *frames, struct top_row *rows) {
    if (sample->frame_count > 0) {
        memcpy(frames, sample->frames, sample->frame_count * sizeof *frames);
    }
    if (!by_function || sample->frame_count == 0) {
        rows[0] = (struct top_row){frames, sample->frame_count, value, value, objects};
        return 1;
    }
    struct profile_frame leaf = frames[0];
    size_t count = 0;
    qsort(frames, sample->frame_count, sizeof *frames, compare_frames_sort);
    for (size_t i = 0; i < sample->frame_count; i++) {
        if (i == 0 || compare_frames(&frames[i], &frames[i - 1]) != 0) {
            bool is_leaf = compare_frames(&frames[i], &leaf) == 0;
            rows[count++] = (struct top_row){&frames[i], 1, is_leaf ? value : 0, value, is_leaf ? objects : 0};
        }
    }
    return count;
}

// Makes rows of the same stack one and sorts by value.
static void join_rows(struct top *top) {
    size_t joined = 0;
    qsort(top->rows, top->count, sizeof *top->rows, compare_stacks);
    for (size_t i = 0; i < top->count; i++) {
        struct top_row *last = joined ? &top->rows[joined - 1] : NULL;
        if (last && compare_stacks(last, &top->rows[i]) == 0) {
            last->value = add(last->value, top->rows[i].value);
            last->total = add(last->total, top->rows[i].total);
            last->objects = add(last->objects, top->rows[i].objects);
        } else {
            top->rows[joined++] = top->rows[i];
        }
    }
    qsort(top->rows, joined, sizeof *top->rows, compare_values);
    top->count = joined;
}

static enum merge_error count_frames(struct profile *profile, size_t *frames) {
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        enum merge_error error = profile_sample_at(profile, i, &sample);
        if (error != MERGE_OK) {
            return error;
        }
        *frames += sample.frame_count ? sample.frame_count : 1;
    }
    return MERGE_OK;
}

static enum merge_error collect(struct profile *profile, int type, int objects, struct top *top) {
    size_t used = 0;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        enum merge_error error = profile_sample_at(profile, i, &sample);
        if (error != MERGE_OK) {
            return error;
        }
        bool c = profile_sample_is_c(&sample);
        int64_t value = sample.values[type], count = objects < 0 ? 0 : sample.values[objects];
        int64_t *total = c ? &top->c_total : &top->go_total;
        *total = add(*total, value);
        if (value == 0 || (top->memory == TOP_C && !c) || (top->memory == TOP_GO && c)) {
            continue;
        }
        top->objects = add(top->objects, count);
        top->count += add_rows(&sample, top->by_function, value, count, top->frames + used, top->rows + top->count);
        used += sample.frame_count;
    }
    return MERGE_OK;
}

enum merge_error top_build(struct profile *profile, const struct top_options *options, struct top *top) {
    *top = (struct top){.by_function = options->by_function, .memory = options->memory};
    int type = profile_sample_type_index(profile, options->type ? options->type : "inuse_space");
    type = type < 0 && !options->type ? profile_sample_type_index(profile, NULL) : type;
    if (type < 0) {
        return MERGE_NOT_FOUND;
    }
    top->type = profile_sample_type_name(profile, (size_t)type);
    top->unit = profile_sample_type_unit(profile, (size_t)type);
    int objects = objects_index(profile, top->type);
    top->has_objects = objects >= 0;
    size_t frames = 0;
    enum merge_error error = count_frames(profile, &frames);
    if (error != MERGE_OK) {
        return error;
    }
    top->frames = calloc(frames + 1, sizeof *top->frames);
    top->rows = calloc(frames + 1, sizeof *top->rows);
    error = top->frames && top->rows ? collect(profile, type, objects, top) : MERGE_NO_MEMORY;
    if (error != MERGE_OK) {
        top_free(top);
        return error;
    }
    join_rows(top);
    top->count_all = top->count;
    top->count = top->count < options->lines ? top->count : options->lines;
    return MERGE_OK;
}

void top_free(struct top *top) {
    free(top->rows);
    free(top->frames);
    *top = (struct top){0};
}
