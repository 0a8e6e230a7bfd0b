// memory_map.h: the mappings of a process, as /proc/PID/maps or pprof's older forms list them, at the end of profiles of addresses.
//
// Threads: as its owner. Memory: malloc; texts point into the input.
#ifndef CMEMPROF_FOREIGN_MEMORY_MAP_H
#define CMEMPROF_FOREIGN_MEMORY_MAP_H

#include "reading.h"

struct mapped {
    uint64_t start, limit, offset;
    struct span root, file, build_id; // root: before the file, "" mostly
    uint32_t id;                      // in the profile; 0: not added yet
};
enum { MEMORY_MAP_ROOTS = 16 };
struct memory_map {          // zero-initialise
    struct mapped *mappings; // by address; executable ones only
    size_t count, capacity;
    struct { // "source=/home": "$source/app" is /home/app
        struct span name, path;
    } roots[MEMORY_MAP_ROOTS];
    size_t root_count;
};

// Reads lines of a map, and of roots of its files; others are passed over.
bool memory_map_read(struct reading *reading, struct memory_map *map, struct span text);
// The same of the text after the line that begins the list, "MAPPED_LIBRARIES:" or "--- Memory map: ---"; without one there are none.
// Returns where the list begins, or the end of the input.
const char *memory_map_find_list(const struct reading *reading);
// The profile's location of an address, with its mapping, and with lines if they are known. 0: no memory.
uint32_t memory_map_location(struct reading *reading, struct memory_map *map, uint64_t address, const struct profile_line *lines,
                             size_t line_count);
void memory_map_free(struct memory_map *map);

#endif
