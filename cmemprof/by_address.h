// by_address.h: looking for an address among things that are sorted by where they begin.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_BY_ADDRESS_H
#define CMEMPROF_BY_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

// How many of them do not begin above the address: the one that may hold it is the last of these. The first member of each, of item_bytes
// bytes, is a uint64_t, where it begins.
static inline size_t by_address_count(const void *items, size_t count, size_t item_bytes, uint64_t address) {
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

#endif
