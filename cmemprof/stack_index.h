// stack_index.h: finds the entry of a stack by the hash of its addresses (stack_table.h).
//
// Levels of slots, each a power of two of them, newest first. A slot is one word: the address of the entry, and 16 bits of its hash, so
// that entries of other stacks are hardly ever looked at: a search reads one cache line a level, mostly, whatever the number of stacks.
// What is new goes into the newest level; when that is three quarters full a thread inside malloc puts one of four times the size before
// it, and the levels behind are only read from then on. Between two profiles they are made one again, of the right size
// (stack_index_renew_begin).
//
// Threads: any may find, put and remove, also inside malloc; no lock. Renewing: one thread at a time, see there.
// Memory: mmap, a share of the budget (memory_budget.h).
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

bool stack_index_open(struct stack_index *index, struct memory_share *share); // False: no memory
void stack_index_close(struct stack_index *index);

// Where a stack that was not found may be put. slot NULL: the newest level has no room for it.
struct stack_insertion {
    _Atomic uint64_t *slot;
    uint64_t seen;
    struct stack_level *level;
};

// is_it(stack, key): is it the entry that is looked for? NULL: none is; *place is good for stack_index_put.
typedef bool stack_index_match(const struct stack *stack, const void *key);
struct stack *stack_index_find(const struct stack_index *index, uint64_t hash, stack_index_match *is_it, const void *key,
                               struct stack_insertion *insertion);
enum stack_put {
    STACK_PUT,
    STACK_PUT_AGAIN, // look again: something was put there meanwhile, or there is a new level
    STACK_PUT_FULL
};
enum stack_put stack_index_put(struct stack_index *index, const struct stack_insertion *insertion, uint64_t hash, struct stack *stack);
// Nobody finds it any more, but for those who have found it already.
void stack_index_remove(struct stack_index *index, uint64_t hash, const struct stack *stack);

// Every entry that can be found, some of them twice.
void stack_index_each(const struct stack_index *index, void (*visit)(struct stack *stack, void *context), void *context);

// Makes one level of all, if that is worth it: begin gives the new one (NULL: not worth it, or no memory), and entries go there from now
// on. When nobody is inside of find or put that was there before, finish moves the others there and gives the levels that are no longer
// used; when again nobody is, they are freed. Both may be left out: nothing is lost then. hash_of gives an entry's hash.
struct stack_level *stack_index_renew_begin(struct stack_index *index, uint64_t stacks);
struct stack_level *stack_index_renew_finish(struct stack_level *fresh, uint64_t (*hash_of)(const struct stack *));
void stack_index_free_levels(struct stack_index *index, struct stack_level *level);

#endif
