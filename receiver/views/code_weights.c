// code_weights.c: weights of addresses (code_weights.h).
//
// They are collected unsorted. When the array is full, those of one address are joined.
#include "code_weights.h"
#include "../../base/saturated.h"
#include "../../base/vector.h"

#include <stdlib.h>
#include <string.h>

// A mapping without a build ID is known by its name alone.
static int compare_files(const struct code_weight *a, const struct code_weight *b) {
    int order = strcmp(a->build_id, b->build_id);
    return order || *a->build_id ? order : strcmp(a->file, b->file);
}

bool code_weights_alike(const struct code_weight *a, const struct code_weight *b) {
    return compare_files(a, b) == 0;
}

static int compare(const void *left, const void *right) {
    const struct code_weight *a = left, *b = right;
    int order = compare_files(a, b);
    return order ? order : a->offset < b->offset ? -1 : a->offset > b->offset;
}

void code_weights_sort(struct code_weights *weights) {
    size_t kept = 0;
    if (weights->count > 0) {
        qsort(weights->items, weights->count, sizeof *weights->items, compare);
    }
    for (size_t i = 0; i < weights->count; i++) {
        struct code_weight *last = kept > 0 ? &weights->items[kept - 1] : NULL, *next = &weights->items[i];
        if (!last || compare(last, next) != 0) {
            weights->items[kept++] = *next;
            continue;
        }
        saturated_add(&last->self, next->self);
        saturated_add(&last->total, next->total);
        last->line = last->line ? last->line : next->line;
    }
    weights->count = kept;
}

// For all frames of a sample: what was joined once is half of the array at most, so that it is not joined again for each sample.
static bool make_room(struct code_weights *weights, size_t frames) {
    if (frames <= weights->capacity - weights->count) {
        return true;
    }
    code_weights_sort(weights);
    return VECTOR_RESERVE(weights->items, weights->capacity, 2 * (weights->count + frames));
}

// An address that stands in a stack twice counts once. Those of one sample, from first on.
static void join_sample(struct code_weights *weights, size_t first) {
    size_t kept = first;
    qsort(weights->items + first, weights->count - first, sizeof *weights->items, compare);
    for (size_t i = first; i < weights->count; i++) {
        struct code_weight *last = kept > first ? &weights->items[kept - 1] : NULL, *next = &weights->items[i];
        if (last && compare(last, next) == 0) {
            last->self = last->self ? last->self : next->self;
        } else {
            weights->items[kept++] = *next;
        }
    }
    weights->count = kept;
}

bool code_weights_add(struct code_weights *weights, const struct profile_sample_view *sample, int64_t value, code_weights_wanted *wanted,
                      const void *context) {
    size_t added = 0;
    bool is_leaf = true; // the frame is of the innermost address
    for (size_t i = 0; i < sample->frame_count; i++) {
        const struct profile_frame *frame = &sample->frames[i];
        is_leaf = is_leaf && (i == 0 || sample->frames[i - 1].inlined);
        if (frame->label || !wanted(context, frame)) {
            continue;
        }
        if (added == 0 && !make_room(weights, sample->frame_count - i)) {
            return false;
        }
        weights->items[weights->count++] =
            (struct code_weight){frame->mapping_file, frame->build_id, frame->file_offset, frame->line, is_leaf ? value : 0, value};
        added++;
    }
    if (added > 1) {
        join_sample(weights, weights->count - added);
    }
    return true;
}

void code_weights_free(struct code_weights *weights) {
    free(weights->items);
    *weights = (struct code_weights){0};
}
