// array.h: a growable array, the only container of this folder besides the hash table of intern.h.
//
// Indices are uint32_t, so an array holds less than 2^32 items. array_push returns NULL if that limit or memory is exhausted.
// Threads: as its owner. Memory: memory.h; capacity doubles, so that copying is amortized linear.
#ifndef CMEMPROF_MERGE_ARRAY_H
#define CMEMPROF_MERGE_ARRAY_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "memory.h"
#include "namespace.h"

struct array {
    void *items;
    uint32_t count, capacity;
};

// Reserves capacity for `more` items and returns the address of the first. NULL: no memory, the array is unchanged; or more is 0 and the
// array is empty.
static inline void *array_reserve(struct array *array, size_t more, size_t item_bytes) {
    size_t needed = array->count + more;
    if (needed > array->capacity) {
        size_t capacity = array->capacity < 16 ? 16 : (size_t)array->capacity * 2;
        if (capacity < needed) {
            capacity = needed;
        }
        if (capacity > UINT32_MAX) {
            return NULL;
        }
        void *items = memory_resize(array->items, capacity * item_bytes);
        if (!items) {
            return NULL;
        }
        array->items = items;
        array->capacity = (uint32_t)capacity;
    }
    return array->items ? (char *)array->items + (size_t)array->count * item_bytes : NULL;
}

// Appends `more` zeroed items and returns the first of them.
static inline void *array_push(struct array *array, size_t more, size_t item_bytes) {
    void *items = array_reserve(array, more, item_bytes);
    if (!items) {
        return NULL;
    }
    memset(items, 0, more * item_bytes);
    array->count += (uint32_t)more;
    return items;
}

static inline void array_free(struct array *array) {
    memory_free(array->items);
    *array = (struct array){0};
}

#endif
