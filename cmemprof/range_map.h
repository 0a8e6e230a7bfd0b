// range_map.h (tables): an ordered map of disjoint address ranges: what was mapped where, by which call.
//
// Two levels: leaves of one page each hold up to 102 ranges in order, and a directory lists the leaves by their first address. So putting
// or removing a range is two binary searches and one short move of memory.
//
// Threads: guarded by the caller. Memory: one reservation (reserved_memory.h), charged to a share of the budget leaf by leaf; empty leaves
// return to the system. Safe inside malloc; preserves errno.
#ifndef CMEMPROF_RANGE_MAP_H
#define CMEMPROF_RANGE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "memory_budget.h"

enum mapping_kind {
    MAPPING_ANONYMOUS, // private memory
    MAPPING_SHARED,    // shared anonymous memory
    MAPPING_FILE,      // a file, a memfd or a device, private or shared
    MAPPING_SEGMENT,   // System V shared memory
};
enum mapping_owner {
    MAPPING_OF_PROGRAM,   // and its libraries
    MAPPING_OF_GO,        // Go's runtime
    MAPPING_OF_ALLOCATOR, // the real allocator, if it is an object of its own
    MAPPING_OF_PROFILER,
    MAPPING_OF_ARENAS, // an allocator above malloc, whose blocks are sampled: Python's
};

struct stack;
struct mapped_range {
    uintptr_t low, high; // [low, high)
    struct stack *stack; // NULL: unknown, as for all but the program's own
    uint32_t number;     // of a MAPPING_SEGMENT: its pieces have the same; otherwise 0
    uint32_t mover;      // of the mremap in progress; 0: none
    uint8_t kind, owner; // enum mapping_kind, enum mapping_owner
};

struct range_leaf;
struct range_slot;
struct range_map {
    struct memory_share share;
    uint8_t *base; // the directory, then the leaves
    size_t reserved_bytes;
    _Atomic size_t open_bytes;
    struct range_slot *directory; // leaf_count slots, then the leaves that are free again
    uint32_t leaf_count, leaf_capacity;
    uint32_t leaves_opened; // leaves that were ever in use
    size_t count;           // ranges
};

// Returns false, with the map empty, if memory runs out.
bool range_map_open(struct range_map *map, struct memory_budget *budget);
void range_map_close(struct range_map *map);

// Removes what overlaps the range and puts it there. Returns false if memory runs out: the range, or the rest of one that it has split, is
// then missing.
bool range_map_put(struct range_map *map, const struct mapped_range *range);
// Ranges that are only partly inside [low, high) keep the rest. Returns false if memory runs out: the upper part of a range that was split
// is then missing.
bool range_map_remove(struct range_map *map, uintptr_t low, uintptr_t high);

// Marks what is inside [low, high), after splitting at both ends. Returns false, as above, if memory runs out.
bool range_map_mark(struct range_map *map, uintptr_t low, uintptr_t high, uint32_t mover);
// Removes what is marked inside [low, high), or only the mark.
void range_map_remove_marked(struct range_map *map, uintptr_t low, uintptr_t high, uint32_t mover);
void range_map_unmark(struct range_map *map, uintptr_t low, uintptr_t high, uint32_t mover);

// The first range that ends above the address. Returns NULL if there is none. Valid until the map changes.
const struct mapped_range *range_map_from(const struct range_map *map, uintptr_t address);
// By rising address. visit must not change the map.
void range_map_each(const struct range_map *map, void (*visit)(const struct mapped_range *range, void *context), void *context);

#endif
