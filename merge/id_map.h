// id_map.h: maps the ids of an input, any uint64, to profile ids.
//
// Writers nearly always number from 1 without gaps: ids up to the number of entries are looked up in an array. All others are in a
// hash table of the same size, so that an entry with the id 2^63 costs no more than one with the id 1.
// Threads: as its owner. Memory: memory.h, two to three words per entry.
#ifndef CMEMPROF_MERGE_ID_MAP_H
#define CMEMPROF_MERGE_ID_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

struct id_map {
    uint32_t *dense; // by id; 0: absent
    size_t dense_count, dense_capacity;
    struct id_map_entry *sparse;         // set up when the first sparse id is added
    size_t sparse_mask, sparse_capacity; // mask 0: not set up
    uint64_t seed;
};

enum id_map_result { ID_MAP_OK, ID_MAP_TWICE, ID_MAP_NO_MEMORY };

// Initializes a zeroed map, or empties a used one, which keeps its memory. False: no memory.
bool id_map_init(struct id_map *map, size_t entries, uint64_t seed);
void id_map_free(struct id_map *map);
// value must not be 0. May be called at most `entries` times.
enum id_map_result id_map_put(struct id_map *map, uint64_t id, uint32_t value);
uint32_t id_map_get_sparse(const struct id_map *map, uint64_t id);

// 0: absent.
static inline uint32_t id_map_get(const struct id_map *map, uint64_t id) {
    return id < map->dense_count ? map->dense[id] : id_map_get_sparse(map, id);
}

#endif
