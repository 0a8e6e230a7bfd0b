// stack_table.h: gives every distinct call stack one entry, which carries what was allocated there.
//
// A stack is an array of return addresses, innermost first. The first time a stack is seen it is copied into the table; after that it costs
// one lookup. An entry stays where it is; the one who takes some away again (reclaim.h) sees to it that nobody holds a pointer to it.
//
// Code that is unloaded leaves its addresses to other code. So stacks that go through it are retired: they keep their totals and are never
// matched again, and the same addresses found later make a new entry.
//
// Threads: any thread may intern, also inside malloc; no lock anywhere, a new entry is published by one compare-and-swap.
// Memory: private_arena only, bounded by its budget; what was taken away is used again. Never calls malloc, never calls Go.
#ifndef CMEMPROF_STACK_TABLE_H
#define CMEMPROF_STACK_TABLE_H

#include <stdatomic.h>
#include <stdint.h>

#include "namespace.h"
#include "private_arena.h"

struct stack {
    _Atomic(struct stack *) next; // in its bucket
    uint64_t hash;
    _Atomic uint64_t alloc_objects, alloc_bytes; // estimates, as the bits of a double; only grow
    _Atomic uint64_t samples;                    // that the estimates were made of
    _Atomic uint64_t profiled_samples;           // of these, in a profile already
    struct stack *list;                          // for reclaim.c, under its lock, as mark
    uint32_t mark;
    uint32_t depth_frames;
    _Atomic uint32_t retired; // generation of loaded objects (modules.h) that its addresses belong to; 0: the present one
    uint32_t bin;             // its room, in steps of 8 frames
    uintptr_t pcs[];          // return addresses, leaf first
};

enum { STACK_TABLE_BUCKETS = 1 << 14, STACK_TABLE_BIN_FRAMES = 8, STACK_TABLE_BINS = 65 };

struct stack_table {
    struct private_arena arena;
    _Atomic(struct stack *) *buckets; // STACK_TABLE_BUCKETS of them, in the arena
    _Atomic uint64_t count;
    _Atomic size_t free_bytes;                       // in free entries
    _Atomic uint64_t free_entries[STACK_TABLE_BINS]; // by depth in steps of 8 frames: offset in the arena and a count against ABA
};

// False: no memory.
_Bool stack_table_open(struct stack_table *table, size_t reserved_bytes, struct memory_budget *budget);
void stack_table_close(struct stack_table *table);

// NULL: the table is full.
struct stack *stack_table_intern(struct stack_table *table, const uintptr_t *pcs, uint32_t depth_frames);

// Adds to the totals.
void stack_add_allocations(struct stack *stack, double objects, double bytes, uint64_t samples);
double stack_alloc_objects(const struct stack *stack);
double stack_alloc_bytes(const struct stack *stack);
uint64_t stack_samples(const struct stack *stack);

// Calls visit for every stack. Stacks that appear meanwhile may or may not be seen.
void stack_table_each(const struct stack_table *table, void (*visit)(struct stack *stack, void *context), void *context);

// For the one who takes entries away; one thread at a time. Unlinked, an entry is not found any more, but others may still look at it.
// It is freed when none does, or linked again.
void stack_table_unlink(struct stack_table *table, struct stack *stack);
void stack_table_link(struct stack_table *table, struct stack *stack);
void stack_table_free(struct stack_table *table, struct stack *stack);

#endif
