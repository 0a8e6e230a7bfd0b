// id_set.h: finds the number of a thing by its content: a hash table of numbers, whose things are kept elsewhere.
//
// Threads: one. Memory: malloc, 8 to 24 bytes a number. The hash is for speed; the caller's function compares.
#ifndef CMEMPROF_ID_SET_H
#define CMEMPROF_ID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct id_set {
    struct id_slot *slots;
    size_t capacity, count; // capacity: 0 or a power of 2
};

#define ID_NONE UINT32_MAX

uint64_t id_set_hash(uint64_t hash, const void *bytes, size_t size);
// ID_NONE: no such thing.
uint32_t id_set_find(const struct id_set *set, uint64_t hash, bool (*same)(const void *context, uint32_t id, const void *thing),
                     const void *context, const void *thing);
// False: no memory.
bool id_set_add(struct id_set *set, uint64_t hash, uint32_t id);
void id_set_free(struct id_set *set);

#endif
