// snapshot.h: inside of a snapshot, for the files that make one (snapshot.c, snapshot_addresses.c) and write it (snapshot_encode.c).
// cmemprof.h has the rest.
#ifndef CMEMPROF_SNAPSHOT_H
#define CMEMPROF_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "cmemprof.h"
#include "mapped_buffer.h"
#include "stack_table.h"

// What was allocated at a stack, and what of it is alive.
struct record {
    const struct stack *stack; // NULL: of all stacks that were evicted
    double alloc_objects, alloc_bytes, inuse_objects, inuse_bytes;
    uint64_t samples; // that alloc_* were made of
};

// An address, and when it was code (modules.h); 0: at any time, as Go's is.
struct code_address {
    uintptr_t pc;
    uint32_t generation;
    uint32_t go_index; // in go_pcs, for an address of Go
};

struct address_slot;
struct cmemprof_snapshot {
    struct record *records; // each stack once
    size_t record_count;
    struct code_address *addresses; // every address of all stacks once, in the order in which they are met
    size_t address_count;
    uintptr_t *go_pcs; // those of Go
    size_t go_pc_count;
    struct address_slot *address_slots; // finds a address; a power of two of them
    size_t address_slot_count;
    uint32_t generation; // that it was taken in (modules.h)
    uint64_t interval_bytes;
    struct cmemprof_stats stats;
    uint64_t emitted_samples;                     // of all records
    unsigned unfollowed_percent, dropped_percent; // see struct lost_shares of snapshot.c
    int64_t time_ns;
    struct mapped_buffer record_memory, address_memory, go_pc_memory, slot_memory;
    struct mapped_buffer profile; // the bytes that were given out last
    bool failed;                  // no memory
};

bool snapshot_is_go(uintptr_t pc);

// snapshot_addresses.c. False: no memory.
bool snapshot_collect_addresses(struct cmemprof_snapshot *snapshot);
enum { SNAPSHOT_NO_ADDRESS = UINT32_MAX };
// The index of the address of a frame, as its stack is now.
uint32_t snapshot_address_index(const struct cmemprof_snapshot *snapshot, const struct stack *stack, uint32_t frame);

void snapshot_after_fork_in_child(void);

#endif
