// stack_index.h (tables): finds the entry of a stack by the hash of its addresses (stack_table.h).
//
// A list of levels, newest first, each a power of two of slots. A slot is one word: the entry's address and 16 bits of its hash, so that
// other stacks' entries are rarely touched; a search mostly reads one cache line per level. New entries go into the newest level. Once that
// is three quarters full, a thread inside malloc prepends one of four times its size, and the older ones become read-only. Between two
// profiles the levels are merged into one of the right size (stack_index_renew_begin).
//
// Threads: any thread may find, put and remove, also inside malloc; lock-free. Renewing: one thread at a time, see there. Memory: mmap, a
// share of the budget (memory_budget.h).
#ifndef CMEMPROF_STACK_INDEX_H
#define CMEMPROF_STACK_INDEX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "memory_budget.h"

struct stack;

struct stack_level;
struct stack_index {
    _Atomic(struct stack_level *) newest;
    struct memory_share *share;
};

bool stack_index_open(struct stack_index *index, struct memory_share *share); // returns false if memory runs out
void stack_index_close(struct stack_index *index);

// Where a stack that was not found may be put. slot is NULL if the newest level is full.
struct stack_insertion {
    _Atomic uint64_t *slot;
    uint64_t seen;
    struct stack_level *level;
};

// is_it(stack, key) says whether this is the entry. Returns NULL if there is none; *insertion is then valid for stack_index_put.
typedef bool stack_index_match(const struct stack *stack, const void *key);
struct stack *stack_index_find(const struct stack_index *index, uint64_t hash, stack_index_match *is_it, const void *key,
                               struct stack_insertion *insertion);
enum stack_put {
    STACK_PUT,
    STACK_PUT_AGAIN, // search again: the slot was taken meanwhile, or there is a new level
    STACK_PUT_FULL
};
enum stack_put stack_index_put(struct stack_index *index, const struct stack_insertion *insertion, uint64_t hash, struct stack *stack);
// Makes the entry unfindable; threads that have already found it may still use it.
void stack_index_remove(struct stack_index *index, uint64_t hash, const struct stack *stack);

// Visits every findable entry, some of them twice.
void stack_index_each(const struct stack_index *index, void (*visit)(struct stack *stack, void *context), void *context);

// Merges all levels into one. begin returns the new level (NULL: not worth it, or no memory), where entries go from then on. Once every
// find and put in flight at begin is done, finish moves the old entries and returns the levels that are no longer used; once every call in
// flight at finish is done, they can be freed. Both steps may be skipped without loss. hash_of returns an entry's hash.
struct stack_level *stack_index_renew_begin(struct stack_index *index, uint64_t stacks);
struct stack_level *stack_index_renew_finish(struct stack_level *fresh, uint64_t (*hash_of)(const struct stack *));
void stack_index_free_levels(struct stack_index *index, struct stack_level *level);

#endif
