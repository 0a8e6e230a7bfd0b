// tally.c: a hash table of rows (tally.h).
#include "tally.h"
#include "../base/saturated.h"
#include "../base/vector.h"

static uint32_t hash_keys(const struct jfr_tally *tally, const uint64_t keys[JFR_KEY_COUNT]) {
    uint64_t hash = tally->seed;
    for (int i = 0; i < JFR_KEY_COUNT; i++) {
        hash = intern_hash_word(hash, keys[i]);
    }
    return intern_hash_end(hash);
}

static bool take(struct jfr_tally *tally, size_t bytes) {
    bool fits = merge_budget_take(bytes);
    tally->counted += fits ? bytes : 0;
    return fits;
}

static bool grow(struct jfr_tally *tally) {
    size_t before = tally->slots ? tally->mask + 1 : 0, size = before ? before * 2 : 1024;
    uint32_t *slots = take(tally, (size - before) * sizeof *slots) ? calloc(size, sizeof *slots) : NULL;
    if (!slots) {
        return false;
    }
    free(tally->slots);
    tally->slots = slots;
    tally->mask = size - 1;
    for (size_t i = 0; i < tally->count; i++) {
        size_t at = tally->rows[i].hash & tally->mask;
        while (slots[at] != 0) {
            at = (at + 1) & tally->mask;
        }
        slots[at] = (uint32_t)i + 1;
    }
    return true;
}

static bool grow_rows(struct jfr_tally *tally) {
    size_t before = tally->capacity;
    bool ok = tally->count < UINT32_MAX && VECTOR_RESERVE(tally->rows, tally->capacity, tally->count + 1);
    return ok && (tally->capacity == before || take(tally, (tally->capacity - before) * sizeof *tally->rows));
}

bool jfr_tally_add(struct jfr_tally *tally, const uint64_t keys[JFR_KEY_COUNT], const int64_t values[JFR_COLUMNS]) {
    if (tally->seed == 0) {
        tally->seed = intern_seed() | 1;
    }
    if ((!tally->slots || tally->count >= (tally->mask + 1) / 2) && !grow(tally)) {
        return false;
    }
    uint32_t hash = hash_keys(tally, keys);
    size_t at = hash & tally->mask;
    for (; tally->slots[at] != 0; at = (at + 1) & tally->mask) {
        struct jfr_tally_row *row = &tally->rows[tally->slots[at] - 1];
        if (row->hash == hash && memcmp(row->keys, keys, sizeof row->keys) == 0) {
            for (int i = 0; i < JFR_COLUMNS; i++) {
                row->values[i] = saturated_sum(row->values[i], values[i]);
            }
            return true;
        }
    }
    if (!grow_rows(tally)) {
        return false;
    }
    struct jfr_tally_row *row = &tally->rows[tally->count++];
    row->hash = hash;
    memcpy(row->keys, keys, sizeof row->keys);
    memcpy(row->values, values, sizeof row->values);
    tally->slots[at] = (uint32_t)tally->count;
    return true;
}

void jfr_tally_clear(struct jfr_tally *tally) {
    tally->count = 0;
    if (tally->slots) {
        memset(tally->slots, 0, (tally->mask + 1) * sizeof *tally->slots);
    }
}

void jfr_tally_free(struct jfr_tally *tally) {
    free(tally->rows);
    free(tally->slots);
    merge_budget_give(tally->counted);
    *tally = (struct jfr_tally){0};
}
