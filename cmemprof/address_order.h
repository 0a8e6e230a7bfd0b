// address_order.h (naming): search and sort of items whose first member is a uint64_t start address.
//
// Threads: any. Memory: scratch for sorting.
#ifndef CMEMPROF_ADDRESS_ORDER_H
#define CMEMPROF_ADDRESS_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "symbolizer_arena.h"

// The number of items that start at or below the address. The last of these is the one that may contain it.
static inline size_t address_upper_bound(const void *items, size_t count, size_t item_bytes, uint64_t address) {
    size_t low = 0, high = count; // invariant: the upper bound is in [low, high]
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (*(const uint64_t *)((const char *)items + middle * item_bytes) <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

// Stable. Merges in the arena because qsort may allocate from the program's heap. Returns false if memory runs out.
bool address_sort(struct symbolizer_arena *memory, void *items, size_t count, size_t item_bytes);

#endif
