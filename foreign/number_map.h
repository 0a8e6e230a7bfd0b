// number_map.h: maps numbers of a file, any uint64, to others, and forgets them again.
//
// Threads: as its owner. Memory: memory.h, at most 64 bytes for each number there is at once.
#ifndef CMEMPROF_FOREIGN_NUMBER_MAP_H
#define CMEMPROF_FOREIGN_NUMBER_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct number_map { // zeroed: empty
    struct number_slot *slots;
    size_t mask, count;
    uint64_t seed;
};

// NUMBER_MAP_NONE: it is not there.
#define NUMBER_MAP_NONE UINT32_MAX
uint32_t number_map_get(const struct number_map *map, uint64_t number);
// The number is not there yet. value: not NUMBER_MAP_NONE. False: no memory.
bool number_map_put(struct number_map *map, uint64_t number, uint32_t value);
void number_map_remove(struct number_map *map, uint64_t number); // it is there
void number_map_free(struct number_map *map);                    // it is empty then

#endif
