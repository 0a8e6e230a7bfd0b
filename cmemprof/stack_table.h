// stack_table.h: gives every distinct call stack one entry, which carries what was allocated there.
//
// A stack is an array of return addresses, innermost first. The first time a stack is seen it is copied into the table; after that it costs
// one lookup (stack_index.h). An entry stays where it is until it is taken away (reclaim.h sees to it that nobody holds a pointer to it
// then); its totals go to those of all that were taken away before, so that none are ever lost.
//
// Code that is unloaded leaves its addresses to other code. So stacks that go through it are retired: they keep their totals and are never
// found again, and the same addresses found later make a new entry. Two threads at the same moment, or one while entries are taken away,
// may make two entries of one stack: whoever reads the table adds up.
//
// Threads: any thread may intern, also inside malloc; no lock anywhere, a new entry is published by one compare-and-swap.
// Memory: blocks of 16 KiB for entries of one size each (private_arena.h), which go back when all of their entries are free, and the index:
// three quarters of the budget at most. Never calls malloc, never calls Go.
#ifndef CMEMPROF_STACK_TABLE_H
#define CMEMPROF_STACK_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"
#include "private_arena.h"
#include "stack_index.h"

enum { STACK_TABLE_BIN_FRAMES = 8, STACK_TABLE_BINS = 65, STACK_TABLE_MAX_FRAMES = (STACK_TABLE_BINS - 1) * STACK_TABLE_BIN_FRAMES };

// One cache line, and the addresses behind it.
struct stack {
    uint64_t hash;
    _Atomic uint64_t alloc_objects, alloc_bytes; // estimates, as the bits of a double; only grow
    _Atomic uint64_t samples;                    // that the estimates were made of
    double inuse_objects, inuse_bytes;           // guarded by reclaim.h's lock: what is alive, when somebody there has added it up
    _Atomic(struct stack *) next;                // of a free one; else of reclaim.c, under its lock
    _Atomic uint32_t retired; // generation of loaded objects (modules.h) that its addresses belong to; 0: the present one
    uint16_t depth_frames;
    _Atomic uint8_t in_use;  // 0: free, or being made
    _Atomic uint8_t touched; // something was allocated since the last profile
    uintptr_t pcs[];         // return addresses, leaf first
};

struct stack_totals { // of samples that were given out, rounded as a profile rounds them
    int64_t objects, bytes;
    uint64_t samples;
};

struct stack_table {
    struct memory_share share;
    struct private_arena arena;
    struct stack_index index;
    _Atomic uint64_t count;                          // entries
    _Atomic uint64_t retired;                        // of these
    _Atomic size_t free_bytes;                       // in free entries
    _Atomic uint64_t free_entries[STACK_TABLE_BINS]; // by depth in steps of 8 frames: address and a count against ABA
    struct stack *gathered[STACK_TABLE_BINS];        // guarded by reclaim.h's lock, as evicted
    struct stack_totals evicted;
};

// False: no memory.
bool stack_table_open(struct stack_table *table, struct memory_budget *budget);
void stack_table_close(struct stack_table *table);

// NULL: the table is full, or the stack deeper than STACK_TABLE_MAX_FRAMES.
struct stack *stack_table_intern(struct stack_table *table, const uintptr_t *pcs, uint32_t depth_frames);

// Adds to the totals.
void stack_add_allocations(struct stack *stack, double objects, double bytes, uint64_t samples);
double stack_alloc_objects(const struct stack *stack);
double stack_alloc_bytes(const struct stack *stack);
uint64_t stack_samples(const struct stack *stack);
size_t stack_entry_bytes(const struct stack *stack); // that its entry takes

// Calls visit for every stack, in the order of their memory. Stacks that appear meanwhile may or may not be seen.
void stack_table_each(const struct stack_table *table, void (*visit)(struct stack *stack, void *context), void *context);
// Only those that can be found, in no order, some of them twice: without the retired ones, however many there are.
void stack_table_each_found(const struct stack_table *table, void (*visit)(struct stack *stack, void *context), void *context);

// For the one who holds reclaim.h's lock. Unlinked, an entry is not found any more, but others may still look at it. When none does it is
// evicted: its totals are added to those of the others, and its memory is free.
void stack_table_unlink(struct stack_table *table, struct stack *stack);
void stack_table_retire(struct stack_table *table, struct stack *stack, uint32_t generation);
void stack_table_evict(struct stack_table *table, struct stack *stack);
// Blocks all of whose entries are free go back, in two steps: free entries are gathered, and when nobody is inside of intern that was there
// before, the blocks are given back, and the other entries are free again. Left out, the second step is made up for by the next first one.
void stack_table_gather_free(struct stack_table *table);
void stack_table_give_back(struct stack_table *table);
// See stack_index_renew_begin.
struct stack_level *stack_table_renew_begin(struct stack_table *table);
struct stack_level *stack_table_renew_finish(struct stack_level *fresh);

#endif
