// flat_cum.c: sums by function and by stack (flat_cum.h).
#include "flat_cum.h"
#include "../../base/saturated.h"
#include "../../base/vector.h"
#include "../../base/check.h"
#include "../base/text.h"

#include <stdlib.h>
#include <string.h>

// Frame ids in all distinct stacks: 128 MiB. Fits 100,000 stacks of 300 frames.
enum { MAX_IDS = 32 << 20 };

void flat_cum_start(struct flat_cum *sums, bool by_stack, enum frame_by by, const struct filter *filter) {
    *sums = (struct flat_cum){.by_stack = by_stack, .frames = {.by = by, .filter = filter}};
}

void flat_cum_free(struct flat_cum *sums) {
    frame_table_free(&sums->frames);
    free(sums->rows);
    free(sums->ids);
    intern_free(&sums->stacks);
    free(sums->row_of);
    sample_frames_free(&sums->sample);
    *sums = (struct flat_cum){0};
}

// Adds a row with these frames. Returns ID_NONE with frames.error set.
static uint32_t add_row(struct flat_cum *sums, const uint32_t *ids, size_t count) {
    if (sums->id_count + count > MAX_IDS) {
        sums->frames.error = MERGE_TOO_LARGE;
        return ID_NONE;
    }
    if (!VECTOR_RESERVE(sums->rows, sums->row_capacity, sums->row_count + 1) ||
        !VECTOR_RESERVE(sums->ids, sums->id_capacity, sums->id_count + count)) {
        sums->frames.error = MERGE_NO_MEMORY;
        return ID_NONE;
    }
    if (count > 0) {
        memcpy(sums->ids + sums->id_count, ids, count * sizeof *ids);
    }
    sums->rows[sums->row_count] = (struct flat_cum_row){.first = (uint32_t)sums->id_count, .count = (uint32_t)count};
    sums->id_count += count;
    return (uint32_t)sums->row_count++;
}

// ---- Rows ----

struct stack {
    const uint32_t *ids;
    size_t count;
};

static bool same_stack(const void *context, uint32_t id, const void *thing) {
    const struct flat_cum *sums = context;
    const struct stack *want = thing;
    const struct flat_cum_row *row = &sums->rows[id - 1];
    return row->count == want->count &&
           (want->count == 0 || memcmp(sums->ids + row->first, want->ids, want->count * sizeof *want->ids) == 0);
}

static uint32_t row_of_stack(struct flat_cum *sums, const uint32_t *ids, size_t count) {
    struct stack stack = {ids, count};
    uint32_t hash = intern_hash_end(intern_hash_bytes(0, (const char *)ids, count * sizeof *ids));
    uint32_t found = intern_find(&sums->stacks, hash, same_stack, sums, &stack);
    if (found != 0) {
        return found - 1;
    }
    uint32_t row = add_row(sums, ids, count);
    if (row != ID_NONE && !intern_add(&sums->stacks, hash, row + 1)) {
        sums->frames.error = MERGE_NO_MEMORY;
        return ID_NONE;
    }
    return row;
}

static uint32_t row_of_frame(struct flat_cum *sums, uint32_t id) {
    size_t known = sums->row_of_capacity;
    if (!VECTOR_RESERVE(sums->row_of, sums->row_of_capacity, (size_t)id + 1)) {
        sums->frames.error = MERGE_NO_MEMORY;
        return ID_NONE;
    }
    memset(sums->row_of + known, 0xFF, (sums->row_of_capacity - known) * sizeof *sums->row_of); // ID_NONE
    if (sums->row_of[id] == ID_NONE) {
        sums->row_of[id] = add_row(sums, &id, 1);
    }
    return sums->row_of[id];
}

// ---- One sample ----

struct values {
    enum flat_cum_side side;
    int64_t value, objects;
};

static void add_values(struct flat_cum *sums, uint32_t at, bool flat, const struct values *values) {
    struct flat_cum_row *row = &sums->rows[at];
    enum flat_cum_side side = values->side;
    if (flat) {
        row->flat[side] = saturated_sum(row->flat[side], values->value);
        row->objects[side] = saturated_sum(row->objects[side], values->objects);
    }
    if (row->mark != sums->mark) {
        row->mark = sums->mark;
        row->cum[side] = saturated_sum(row->cum[side], values->value);
    }
}

static enum merge_error add_sample(struct flat_cum *sums, const struct profile_sample_view *sample, const struct values *values) {
    if (!sample_frames_read(&sums->sample, &sums->frames, sample)) {
        return sums->frames.error;
    }
    const uint32_t *ids = sums->sample.ids;
    sums->objects[values->side] = saturated_sum(sums->objects[values->side], values->objects);
    sums->mark++;
    if (sums->by_stack || sums->sample.count == 0) {
        uint32_t row = row_of_stack(sums, ids, sums->sample.count);
        if (row == ID_NONE) {
            return sums->frames.error;
        }
        add_values(sums, row, true, values);
        return MERGE_OK;
    }
    for (size_t i = 0; i < sums->sample.count; i++) {
        uint32_t row = row_of_frame(sums, ids[i]);
        if (row == ID_NONE) {
            return sums->frames.error;
        }
        add_values(sums, row, i == 0, values);
    }
    return MERGE_OK;
}

bool flat_cum_matches(enum flat_cum_memory memory, enum flat_cum_owner owner, const struct profile_sample_view *sample) {
    bool c = profile_sample_is_c(sample);
    return (owner == FLAT_CUM_ANY_OWNER || profile_sample_is_own(sample) == (owner == FLAT_CUM_PROFILER)) &&
           !(memory == FLAT_CUM_C && !c) && !(memory == FLAT_CUM_GO && c);
}

enum merge_error flat_cum_add(struct flat_cum *sums, enum flat_cum_side side, struct profile *profile, int type, int objects) {
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        enum merge_error error = profile_sample_at(profile, i, &sample);
        if (error != MERGE_OK) {
            return error;
        }
        bool c = profile_sample_is_c(&sample);
        if (sums->owner != FLAT_CUM_ANY_OWNER && profile_sample_is_own(&sample) != (sums->owner == FLAT_CUM_PROFILER)) {
            continue;
        }
        struct values values = {side, sample.values[type], objects < 0 ? 0 : sample.values[objects]};
        int64_t *total = c ? &sums->c_total[side] : &sums->go_total[side];
        *total = saturated_sum(*total, values.value);
        if (values.value == 0 || !flat_cum_matches(sums->memory, sums->owner, &sample)) {
            continue;
        }
        error = add_sample(sums, &sample, &values);
        if (error != MERGE_OK) {
            return error;
        }
    }
    return MERGE_OK;
}

const struct profile_frame *flat_cum_frame(const struct flat_cum *sums, const struct flat_cum_row *row, size_t i) {
    CHECK(i < row->count);
    return frame_table_frame(&sums->frames, sums->ids[row->first + i]);
}
