// tally.c: sums by function and by stack (tally.h).
#include "tally.h"
#include "../base/room.h"
#include "../base/text.h"

#include <stdlib.h>
#include <string.h>

// Numbers in all distinct stacks together: 128 MiB. 100,000 stacks of 300 frames fit.
enum { MOST_IDS = 32 << 20 };

void tally_start(struct tally *tally, bool by_stack, enum frame_by by, const struct filter *filter) {
    *tally = (struct tally){.by_stack = by_stack, .frames = {.by = by, .filter = filter}};
}

void tally_free(struct tally *tally) {
    frame_table_free(&tally->frames);
    free(tally->rows);
    free(tally->ids);
    id_set_free(&tally->stacks);
    free(tally->row_of);
    sample_frames_free(&tally->sample);
    *tally = (struct tally){0};
}

// A new row with the given frames, or ID_NONE.
static uint32_t add_row(struct tally *tally, const uint32_t *ids, size_t count) {
    if (tally->id_count + count > MOST_IDS) {
        tally->frames.error = MERGE_TOO_LARGE;
        return ID_NONE;
    }
    if (!room_for(&tally->rows, &tally->row_capacity, tally->row_count + 1, sizeof *tally->rows) ||
        !room_for(&tally->ids, &tally->id_capacity, tally->id_count + count, sizeof *tally->ids)) {
        tally->frames.error = MERGE_NO_MEMORY;
        return ID_NONE;
    }
    if (count > 0) {
        memcpy(tally->ids + tally->id_count, ids, count * sizeof *ids);
    }
    tally->rows[tally->row_count] = (struct tally_row){.first = (uint32_t)tally->id_count, .count = (uint32_t)count};
    tally->id_count += count;
    return (uint32_t)tally->row_count++;
}

// ---- The row of a thing ----

struct stack {
    const uint32_t *ids;
    size_t count;
};

static bool same_stack(const void *context, uint32_t id, const void *thing) {
    const struct tally *tally = context;
    const struct stack *want = thing;
    const struct tally_row *row = &tally->rows[id];
    return row->count == want->count &&
           (want->count == 0 || memcmp(tally->ids + row->first, want->ids, want->count * sizeof *want->ids) == 0);
}

static uint32_t row_of_stack(struct tally *tally, const uint32_t *ids, size_t count) {
    struct stack stack = {ids, count};
    uint64_t hash = id_set_hash(1, ids, count * sizeof *ids);
    uint32_t row = id_set_find(&tally->stacks, hash, same_stack, tally, &stack);
    if (row != ID_NONE) {
        return row;
    }
    row = add_row(tally, ids, count);
    if (row != ID_NONE && !id_set_add(&tally->stacks, hash, row)) {
        tally->frames.error = MERGE_NO_MEMORY;
        return ID_NONE;
    }
    return row;
}

static uint32_t row_of_frame(struct tally *tally, uint32_t id) {
    size_t known = tally->row_of_capacity;
    if (!room_for(&tally->row_of, &tally->row_of_capacity, (size_t)id + 1, sizeof *tally->row_of)) {
        tally->frames.error = MERGE_NO_MEMORY;
        return ID_NONE;
    }
    memset(tally->row_of + known, 0xFF, (tally->row_of_capacity - known) * sizeof *tally->row_of); // ID_NONE
    if (tally->row_of[id] == ID_NONE) {
        tally->row_of[id] = add_row(tally, &id, 1);
    }
    return tally->row_of[id];
}

// ---- One sample ----

struct values {
    enum tally_side side;
    int64_t value, objects;
};

static void add_values(struct tally *tally, uint32_t at, bool flat, const struct values *values) {
    struct tally_row *row = &tally->rows[at];
    enum tally_side side = values->side;
    if (flat) {
        row->flat[side] = text_sum(row->flat[side], values->value);
        row->objects[side] = text_sum(row->objects[side], values->objects);
    }
    if (row->mark != tally->mark) {
        row->mark = tally->mark;
        row->total[side] = text_sum(row->total[side], values->value);
    }
}

static enum merge_error add_sample(struct tally *tally, const struct profile_sample_view *sample, const struct values *values) {
    if (!sample_frames_read(&tally->sample, &tally->frames, sample)) {
        return tally->frames.error;
    }
    const uint32_t *ids = tally->sample.ids;
    tally->objects[values->side] = text_sum(tally->objects[values->side], values->objects);
    tally->mark++;
    if (tally->by_stack || tally->sample.count == 0) {
        uint32_t row = row_of_stack(tally, ids, tally->sample.count);
        if (row == ID_NONE) {
            return tally->frames.error;
        }
        add_values(tally, row, true, values);
        return MERGE_OK;
    }
    for (size_t i = 0; i < tally->sample.count; i++) {
        uint32_t row = row_of_frame(tally, ids[i]);
        if (row == ID_NONE) {
            return tally->frames.error;
        }
        add_values(tally, row, i == 0, values);
    }
    return MERGE_OK;
}

bool tally_is_of(enum tally_memory memory, enum tally_owner owner, const struct profile_sample_view *sample) {
    bool c = profile_sample_is_c(sample);
    return (owner == TALLY_ANYONES || profile_sample_is_own(sample) == (owner == TALLY_PROFILERS)) && !(memory == TALLY_C && !c) &&
           !(memory == TALLY_GO && c);
}

enum merge_error tally_add(struct tally *tally, enum tally_side side, struct profile *profile, int type, int objects) {
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        enum merge_error error = profile_sample_at(profile, i, &sample);
        if (error != MERGE_OK) {
            return error;
        }
        bool c = profile_sample_is_c(&sample);
        if (tally->owner != TALLY_ANYONES && profile_sample_is_own(&sample) != (tally->owner == TALLY_PROFILERS)) {
            continue;
        }
        struct values values = {side, sample.values[type], objects < 0 ? 0 : sample.values[objects]};
        int64_t *total = c ? &tally->c_total[side] : &tally->go_total[side];
        *total = text_sum(*total, values.value);
        if (values.value == 0 || !tally_is_of(tally->memory, tally->owner, &sample)) {
            continue;
        }
        error = add_sample(tally, &sample, &values);
        if (error != MERGE_OK) {
            return error;
        }
    }
    return MERGE_OK;
}

const struct profile_frame *tally_frame(const struct tally *tally, const struct tally_row *row, size_t i) {
    return frame_table_frame(&tally->frames, tally->ids[row->first + i]);
}
