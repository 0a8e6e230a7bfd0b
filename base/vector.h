// vector.h: arrays that grow.
//
// An array is a pointer and its capacity in items, both 0 at first, in whatever struct they belong to; its owner counts the items.
// Threads: as its owner. Memory: realloc; the owner frees the array. Capacity at least doubles.
#ifndef CMEMPROF_BASE_VECTOR_H
#define CMEMPROF_BASE_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { VECTOR_FIRST_ITEMS = 16 };

// Makes items hold `count` items. False: no memory; the array is unchanged. New items are not initialized.
//
//     struct point *items; size_t count, capacity;
//     if (!VECTOR_RESERVE(items, capacity, count + 1)) return false;
//     items[count++] = point;
#define VECTOR_RESERVE(items, capacity, count) vector_reserve(&(items), sizeof *(items), &(capacity), count)

static inline bool vector_reserve(void *array, size_t item_bytes, size_t *capacity, size_t count) {
    if (count <= *capacity) {
        return true;
    }
    size_t larger = *capacity > 0 ? *capacity * 2 : VECTOR_FIRST_ITEMS, bytes;
    larger = larger > count ? larger : count;
    void *items;
    memcpy(&items, array, sizeof items); // array is the address of a pointer of any type
    items = __builtin_mul_overflow(larger, item_bytes, &bytes) ? NULL : realloc(items, bytes);
    if (!items) {
        return false;
    }
    memcpy(array, &items, sizeof items);
    *capacity = larger;
    return true;
}

#endif
