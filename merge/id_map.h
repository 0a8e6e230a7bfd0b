// id_map.h: from the ids of an input, any uint64, to ours.
//
// Writers number from 1 without gaps nearly always: ids up to the number of entries are looked up in an array. All others go through a
// hash table of the same size, so that one entry with the id 2^63 costs no more than one with the id 1.
// Threads: as its owner. Memory: memory.h, two to three words an entry.
#ifndef CMEMPROF_MERGE_ID_MAP_H
#define CMEMPROF_MERGE_ID_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

struct id_map {
    uint32_t *dense; // by id, 0: not there
    size_t dense_count, dense_capacity;
    struct id_map_entry *sparse;         // used from the first such id on
    size_t sparse_mask, sparse_capacity; // mask 0: none in use
    uint64_t seed;
};

enum id_map_result { ID_MAP_OK, ID_MAP_TWICE, ID_MAP_NO_MEMORY };

// Empties the map, which is zeroed or was used before and keeps its memory. False: no memory.
bool id_map_init(struct id_map *map, size_t entries, uint64_t seed);
void id_map_free(struct id_map *map);
// value is not 0. At most as many calls as entries were announced.
enum id_map_result id_map_put(struct id_map *map, uint64_t id, uint32_t value);
uint32_t id_map_get_sparse(const struct id_map *map, uint64_t id);

// 0: not there.
static inline uint32_t id_map_get(const struct id_map *map, uint64_t id) {
    return id < map->dense_count ? map->dense[id] : id_map_get_sparse(map, id);
}

#endif
