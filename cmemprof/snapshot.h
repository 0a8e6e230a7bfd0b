// snapshot.h: inside of a snapshot, for the two files that make one (snapshot.c) and write it (snapshot_encode.c). cmemprof.h has the rest.
#ifndef CMEMPROF_SNAPSHOT_H
#define CMEMPROF_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "cmemprof.h"
#include "stack_table.h"

// What was allocated at a stack, and what of it is alive.
struct record {
    const struct stack *stack;
    double alloc_objects, alloc_bytes, inuse_objects, inuse_bytes;
    uint64_t samples; // that alloc_* were made of
};

// An address, and when it was code (modules.h); 0: now.
struct code_place {
    uintptr_t pc;
    uint32_t generation;
};

struct cmemprof_snapshot {
    struct record *records; // by stack address
    size_t record_count, record_room;
    struct code_place *places; // every address of all stacks once, ascending
    size_t place_count;
    uintptr_t *go_pcs; // those of Go
    size_t go_pc_count;
    uint64_t interval_bytes;
    struct cmemprof_stats stats;
    int64_t time_ns;
    bool failed; // no memory
};

bool snapshot_is_go(uintptr_t pc);
struct code_place snapshot_place(const struct stack *stack, uint32_t frame);
int snapshot_compare_places(const void *left, const void *right); // for qsort and bsearch

void snapshot_after_fork_in_child(void);

#endif
