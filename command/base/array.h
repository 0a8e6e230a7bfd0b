// array.h: growable arrays.
//
// Threads: one. Memory: realloc; the caller frees the array.
#ifndef CMEMPROF_COMMAND_ARRAY_H
#define CMEMPROF_COMMAND_ARRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

// Makes *items hold at least `count` items of `size` bytes; it grows to at least twice its capacity. items: address of the array.
// Returns false without memory; the array is unchanged.
static inline bool array_reserve(void *items, size_t *capacity, size_t count, size_t size) {
    void **array = items;
    if (count <= *capacity) {
        return true;
    }
    size_t larger = 2 * *capacity > count ? 2 * *capacity : count + 256;
    void *grown = realloc(*array, larger * size);
    if (!grown) {
        return false;
    }
    *array = grown;
    *capacity = larger;
    return true;
}

#endif
