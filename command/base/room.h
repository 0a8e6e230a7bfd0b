// room.h: arrays that grow, for things that are numbered as they come.
//
// Threads: one. Memory: realloc; the caller frees the array.
#ifndef CMEMPROF_COMMAND_ROOM_H
#define CMEMPROF_COMMAND_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

// items: the address of the array. Room for `count` items of `size` bytes; where it grows, twice what there was at least. False: no memory,
// and all is as it was.
static inline bool room_for(void *items, size_t *capacity, size_t count, size_t size) {
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
