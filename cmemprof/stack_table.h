// stack_table.h (tables): one entry for each distinct call stack, with the totals of what was allocated there.
//
// A stack is an array of return addresses, leaf first, with the labels of the goroutine that was there, if it had any: an entry of another
// table (label_sets.h). With other labels it is another stack. The first occurrence is copied into the table; after that it costs one
// lookup (stack_index.h). An entry stays in place until it is evicted, at which point no pointer to it exists (reclaim.h); its totals are
// added to those of all evicted stacks, so none are lost.
//
// Unloaded code leaves its addresses to other code. Stacks through it are retired: they keep their totals but are never found again, and
// the same addresses later make a new entry. Two threads at the same moment, or one during an eviction, may make two entries of one stack:
// readers add them up.
//
// Threads: any thread may intern, also inside malloc; lock-free, a new entry is published by one compare-and-swap. Never calls malloc or
// Go. Memory: 16 KiB blocks of equal-sized entries (private_arena.h), returned once all of their entries are free, and the index; at most
// three quarters of the budget.
#ifndef CMEMPROF_STACK_TABLE_H
#define CMEMPROF_STACK_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"
#include "private_arena.h"
#include "stack_index.h"

enum { STACK_TABLE_BIN_FRAMES = 8, STACK_TABLE_BINS = 66, STACK_TABLE_MAX_FRAMES = (STACK_TABLE_BINS - 1) * STACK_TABLE_BIN_FRAMES };

// What was allocated at a stack. Blocks and mappings have entries of their own, also if one call leads to either.
// Of threads: who made them; nothing was allocated there.
enum stack_source { STACK_OF_BLOCKS, STACK_OF_MAPPINGS, STACK_OF_THREADS, STACK_SOURCES };

// One cache line, followed by the addresses.
struct stack {
    uint64_t hash;
    _Atomic uint64_t alloc_objects, alloc_bytes; // estimates, as bits of a double; monotonic
    _Atomic uint64_t samples;                    // number of samples in the estimates
    double inuse_objects, inuse_bytes;           // live totals at the last reclaim_sum_live; guarded by the reclaiming lock
    _Atomic(struct stack *) next;                // of a free entry: next free one; else used by reclaim.c under its lock
    _Atomic uint32_t retired;                    // generation (modules.h) that its addresses belong to; 0: the present one
    uint16_t depth_frames : 12, source : 3;      // enum stack_source
    uint16_t has_labels : 1;                     // a word that follows the addresses
    _Atomic uint8_t in_use;                      // 0: free or under construction
    _Atomic uint8_t touched;                     // allocated since the last profile
    uintptr_t pcs[];                             // return addresses, leaf first
};

struct stack_totals { // of evicted samples, rounded as in a profile
    int64_t objects, bytes;
    uint64_t samples;
};

struct stack_table {
    struct memory_share share;
    struct private_arena arena;
    struct stack_index index;
    _Atomic uint64_t count;                          // entries
    _Atomic uint64_t retired;                        // of these, retired
    _Atomic size_t free_bytes;                       // in free entries
    _Atomic uint64_t free_entries[STACK_TABLE_BINS]; // free lists by depth in steps of 8 frames: address and a counter against ABA
    struct stack *gathered[STACK_TABLE_BINS];        // guarded by the reclaiming lock, as is evicted
    struct stack_totals evicted[STACK_SOURCES];
};

// within: see memory_budget.h; NULL for the table of stacks. Returns false if memory runs out.
bool stack_table_open(struct stack_table *table, struct memory_budget *budget, struct memory_share *within);
void stack_table_close(struct stack_table *table);

// labels may be NULL. Returns NULL if the table is full, or if addresses and labels are more than STACK_TABLE_MAX_FRAMES words. pcs_hash:
// stack_table_hash, or any other function of the addresses.
struct stack *stack_table_intern_as(struct stack_table *table, enum stack_source source, uint64_t pcs_hash, const uintptr_t *pcs,
                                    uint32_t depth_frames, struct stack *labels);
uint64_t stack_table_hash(const uintptr_t *pcs, uint32_t depth_frames);
static inline struct stack *stack_table_intern(struct stack_table *table, const uintptr_t *pcs, uint32_t depth_frames) {
    return stack_table_intern_as(table, STACK_OF_BLOCKS, stack_table_hash(pcs, depth_frames), pcs, depth_frames, NULL);
}

// NULL: none.
static inline struct stack *stack_labels(const struct stack *stack) {
    return stack->has_labels ? (struct stack *)stack->pcs[stack->depth_frames] : NULL;
}
static inline size_t stack_words(const struct stack *stack) { // addresses and labels
    return (size_t)stack->depth_frames + stack->has_labels;
}

// Adds to the totals.
void stack_add_allocations(struct stack *stack, double objects, double bytes, uint64_t samples);
double stack_alloc_objects(const struct stack *stack);
double stack_alloc_bytes(const struct stack *stack);
uint64_t stack_samples(const struct stack *stack);
size_t stack_entry_bytes(const struct stack *stack); // size of its entry

// Visits every stack in memory order. Stacks that appear meanwhile may or may not be visited.
void stack_table_each(const struct stack_table *table, void (*visit)(struct stack *stack, void *context), void *context);
// Visits only findable stacks, in no order, some of them twice: skips retired ones however many there are.
void stack_table_each_found(const struct stack_table *table, void (*visit)(struct stack *stack, void *context), void *context);

// Caller must hold the reclaiming lock. An unlinked entry is no longer found, but other threads may still use it. Once none does it may be
// evicted: its totals are added to the evicted ones and its memory is freed.
void stack_table_unlink(struct stack_table *table, struct stack *stack);
void stack_table_retire(struct stack_table *table, struct stack *stack, uint32_t generation);
void stack_table_evict(struct stack_table *table, struct stack *stack);
// Returns blocks whose entries are all free, in two steps: gather free entries; once every intern in flight is done, give back the blocks
// and free the remaining entries. If the second step is skipped, the next first one makes up for it.
void stack_table_gather_free(struct stack_table *table);
void stack_table_release_blocks(struct stack_table *table);
// See stack_index_renew_begin.
struct stack_level *stack_table_renew_begin(struct stack_table *table);
struct stack_level *stack_table_renew_finish(struct stack_level *fresh);

#endif
