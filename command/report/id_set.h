// id_set.h: a hash set of ids. The items are stored elsewhere and compared by the caller's function.
//
// Threads: one. Memory: malloc, 16 to 32 bytes per id.
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
// Returns ID_NONE if no item is the same.
uint32_t id_set_find(const struct id_set *set, uint64_t hash, bool (*same)(const void *context, uint32_t id, const void *thing),
                     const void *context, const void *thing);
// Returns false without memory.
bool id_set_add(struct id_set *set, uint64_t hash, uint32_t id);
void id_set_free(struct id_set *set);

#endif
