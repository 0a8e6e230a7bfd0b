// stack_table.h: gives every distinct call stack one entry, which carries what was allocated there.
//
// A stack is an array of return addresses, innermost first. The first time a stack is seen it is copied into the table; after that it costs
// one lookup. Entries stay where they are and are never removed, so a pointer to one is good for ever.
//
// Threads: any thread may intern, also inside malloc; no lock anywhere, a new entry is published by one compare-and-swap.
// Memory: private_arena only, bounded by its limit. Never calls malloc, never calls Go.
#ifndef CMEMPROF_STACK_TABLE_H
#define CMEMPROF_STACK_TABLE_H

#include <stdatomic.h>
#include <stdint.h>

#include "namespace.h"
#include "private_arena.h"

struct stack {
    struct stack *next; // in its bucket; set before the entry is published
    uint64_t hash;
    _Atomic uint64_t alloc_objects, alloc_bytes; // estimates, as the bits of a double; only grow
    uint32_t depth_frames;
    uintptr_t pcs[]; // return addresses, leaf first
};

enum { STACK_TABLE_BUCKETS = 1 << 14 };

struct stack_table {
    struct private_arena arena;
    _Atomic(struct stack *) *buckets; // STACK_TABLE_BUCKETS of them, in the arena
    _Atomic uint64_t count;
};

// False: no memory.
_Bool stack_table_open(struct stack_table *table, size_t limit_bytes);
void stack_table_close(struct stack_table *table);

// NULL: the table is full.
struct stack *stack_table_intern(struct stack_table *table, const uintptr_t *pcs, uint32_t depth_frames);

// Adds to the totals.
void stack_add_allocation(struct stack *stack, double objects, double bytes);
double stack_alloc_objects(const struct stack *stack);
double stack_alloc_bytes(const struct stack *stack);

// Calls visit for every stack. Stacks that appear meanwhile may or may not be seen.
void stack_table_each(const struct stack_table *table, void (*visit)(struct stack *stack, void *context), void *context);

#endif
