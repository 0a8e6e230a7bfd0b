// top.c: sorts the rows of struct flat_cum (top.h).
#include "top.h"
#include "../../receiver/index/measures.h"
#include "../../receiver/views/objects_type.h"
#include "../base/text.h"

#include <stdlib.h>
#include <string.h>

int64_t top_difference(int64_t new, int64_t base) {
    int64_t difference;
    return !__builtin_sub_overflow(new, base, &difference) ? difference : base < 0 ? INT64_MAX : INT64_MIN;
}

static int64_t side(const struct top *top, const int64_t values[FLAT_CUM_SIDES]) {
    return top->difference ? top_difference(values[FLAT_CUM_NEW], values[FLAT_CUM_BASE]) : values[FLAT_CUM_NEW];
}

int64_t top_flat(const struct top *top, const struct flat_cum_row *row) {
    return side(top, row->flat);
}
int64_t top_cum(const struct top *top, const struct flat_cum_row *row) {
    return side(top, row->cum);
}
int64_t top_objects(const struct top *top, const struct flat_cum_row *row) {
    return side(top, row->objects);
}

// ---- Order ----

struct order {
    const struct top *top;
    bool by_cum;
};

static int compare_magnitudes(int64_t a, int64_t b) {
    uint64_t left = text_magnitude(a), right = text_magnitude(b);
    return left != right ? (left > right ? -1 : 1) : a != b ? (a > b ? -1 : 1) : 0;
}

// Breaks ties by all strings of all frames, so that output is deterministic.
static int compare_names(const struct flat_cum *sums, const struct flat_cum_row *a, const struct flat_cum_row *b) {
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        const struct profile_frame *left = flat_cum_frame(sums, a, i), *right = flat_cum_frame(sums, b, i);
        int order = strcmp(left->function, right->function);
        order = order ? order : strcmp(left->file, right->file);
        if (order != 0) {
            return order;
        }
    }
    return a->count != b->count ? (a->count < b->count ? -1 : 1) : a->first < b->first ? -1 : a->first > b->first;
}

static int compare_rows(const void *left, const void *right, void *context) {
    const struct flat_cum_row *a = *(const struct flat_cum_row *const *)left, *b = *(const struct flat_cum_row *const *)right;
    const struct order *order = context;
    int flat = compare_magnitudes(top_flat(order->top, a), top_flat(order->top, b));
    int total = compare_magnitudes(top_cum(order->top, a), top_cum(order->top, b));
    int first = order->by_cum ? total : flat, second = order->by_cum ? flat : total;
    return first ? first : second ? second : compare_names(&order->top->sums, a, b);
}

static bool is_changed(const struct flat_cum_row *row) {
    return row->flat[FLAT_CUM_NEW] != row->flat[FLAT_CUM_BASE] || row->cum[FLAT_CUM_NEW] != row->cum[FLAT_CUM_BASE];
}

static enum merge_error put_in_order(struct top *top, const struct top_options *options) {
    struct order order = {top, options->by_cum};
    top->rows = malloc((top->sums.row_count + 1) * sizeof *top->rows);
    if (!top->rows) {
        return MERGE_NO_MEMORY;
    }
    for (size_t i = 0; i < top->sums.row_count; i++) {
        if (!top->difference || is_changed(&top->sums.rows[i])) {
            top->rows[top->count_all++] = &top->sums.rows[i];
        }
    }
    qsort_r(top->rows, top->count_all, sizeof *top->rows, compare_rows, &order);
    top->count = top->count_all < options->lines ? top->count_all : options->lines;
    return MERGE_OK;
}

// ---- Build ----

static enum merge_error add_side(struct top *top, enum flat_cum_side at, struct profile *profile, const char *asked) {
    int type = *top->type ? profile_sample_type_index(profile, top->type) : profile_sample_type_chosen(profile, asked),
        objects = objects_type_of(profile, top->type);
    if (type < 0) {
        return MERGE_NOT_FOUND;
    }
    top->has_objects = top->has_objects && objects >= 0;
    return flat_cum_add(&top->sums, at, profile, type, objects);
}

enum merge_error top_build(struct profile *profile, struct profile *base, const struct top_options *options, struct top *top) {
    *top = (struct top){.difference = base,
                        .has_objects = true,
                        .exact = options->exact,
                        .depth = options->depth,
                        .shown_in = options->shown_in,
                        .group_by = options->group_by,
                        .of_new = options->of_new};
    int type = profile_sample_type_chosen(profile, options->type);
    if (type < 0) {
        return MERGE_NOT_FOUND;
    }
    top->type = profile_sample_type_name(profile, (size_t)type);
    top->unit = profile_sample_type_unit(profile, (size_t)type);
    top->not_of_go = options->not_of_go;
    if (measure_is_gauge(top->type)) {
        memcpy(top->note, options->note, sizeof top->note);
    }
    flat_cum_start(&top->sums, options->by_stack, options->by, options->filter);
    top->sums.memory = options->memory;
    top->sums.owner = options->owner;
    enum merge_error error = add_side(top, FLAT_CUM_NEW, profile, options->type);
    error = error == MERGE_OK && base ? add_side(top, FLAT_CUM_BASE, base, options->type) : error;
    error = error == MERGE_OK ? put_in_order(top, options) : error;
    if (error != MERGE_OK) {
        top_free(top);
    }
    return error;
}

void top_free(struct top *top) {
    free(top->rows);
    flat_cum_free(&top->sums);
    *top = (struct top){0};
}
