// address_order.h: things that are sorted by where they begin: the first member of each is a uint64_t, its address.
//
// Threads: any. Memory: for a moment, to sort.
#ifndef CMEMPROF_CMEMPROF_ADDRESS_ORDER_H
#define CMEMPROF_CMEMPROF_ADDRESS_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "symbolizer_arena.h"

// How many of them do not begin above the address: the one that may hold it is the last of these.
static inline size_t address_upper_bound(const void *items, size_t count, size_t item_bytes, uint64_t address) {
    size_t low = 0, high = count; // the last start that is not above the address lies before high
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

// Those that begin at the same address stay as they were. qsort would allocate from the program. False: no memory.
bool address_sort(struct symbolizer_arena *memory, void *items, size_t count, size_t item_bytes);

#endif
