// address_order.c (naming): natural merge sort: what compilers and linkers write consists of few sorted runs.

#include "address_order.h"

#include <string.h>

struct items {
    uint8_t *at;
    size_t count, item_bytes;
};

static uint64_t address_of(const struct items *items, size_t i) {
    return *(const uint64_t *)(items->at + i * items->item_bytes);
}

// The end of the run that begins at `from`.
static size_t run_end(const struct items *items, size_t from) {
    size_t end = from < items->count ? from + 1 : from;
    while (end < items->count && address_of(items, end - 1) <= address_of(items, end)) {
        end++;
    }
    return end;
}

static void copy(const struct items *to, size_t at, const struct items *from, size_t begin, size_t end) {
    memcpy(to->at + at * to->item_bytes, from->at + begin * from->item_bytes, (end - begin) * to->item_bytes);
}

static void merge(const struct items *to, const struct items *from, size_t begin, size_t middle, size_t end) {
    size_t left = begin, right = middle, at = begin;
    while (left < middle && right < end) {
        size_t *less = address_of(from, right) < address_of(from, left) ? &right : &left;
        copy(to, at++, from, *less, *less + 1);
        ++*less;
    }
    copy(to, at, from, left, middle);
    copy(to, at + (middle - left), from, right, end);
}

// Merges pairs of runs. Returns the resulting number of runs.
static size_t merge_runs(const struct items *to, const struct items *from) {
    size_t runs = 0;
    for (size_t begin = 0; begin < from->count; runs++) {
        size_t middle = run_end(from, begin), end = run_end(from, middle);
        merge(to, from, begin, middle, end);
        begin = end;
    }
    return runs;
}

bool address_sort(struct symbolizer_arena *memory, void *items, size_t count, size_t item_bytes) {
    struct items from = {items, count, item_bytes};
    if (run_end(&from, 0) == count) {
        return true;
    }
    void *scratch = symbolizer_arena_alloc(memory, count * item_bytes);
    if (!scratch) {
        return false;
    }
    struct items to = {scratch, count, item_bytes};
    for (size_t runs = 2; runs > 1;) {
        runs = merge_runs(&to, &from);
        struct items swapped = from;
        from = to;
        to = swapped;
    }
    if (from.at != items) {
        memcpy(items, from.at, count * item_bytes);
    }
    symbolizer_arena_drop(memory, scratch, count * item_bytes);
    return true;
}
