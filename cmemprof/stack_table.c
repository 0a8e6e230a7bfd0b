// stack_table.c: a hash table of chains that only grow at their heads.

#include "stack_table.h"

#include <stdbool.h>
#include <string.h>

static uint64_t hash_pcs(const uintptr_t *pcs, uint32_t depth) {
    uint64_t hash = depth;
    for (uint32_t i = 0; i < depth; i++) {
        hash = (hash ^ pcs[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    return hash;
}

bool stack_table_open(struct stack_table *table, size_t limit_bytes) {
    if (!private_arena_open(&table->arena, limit_bytes)) {
        return false;
    }
    table->buckets = private_arena_take(&table->arena, STACK_TABLE_BUCKETS * sizeof *table->buckets);
    if (table->buckets == NULL) {
        stack_table_close(table);
        return false;
    }
    atomic_store_explicit(&table->count, 0, memory_order_relaxed);
    return true;
}

void stack_table_close(struct stack_table *table) {
    private_arena_close(&table->arena);
    table->buckets = NULL;
}

// Looks from head up to, not including, stop.
static struct stack *find(struct stack *head, const struct stack *stop, uint64_t hash, const uintptr_t *pcs, uint32_t depth) {
    for (struct stack *stack = head; stack != stop; stack = stack->next) {
        if (stack->hash == hash && stack->depth_frames == depth && memcmp(stack->pcs, pcs, depth * sizeof *pcs) == 0) {
            return stack;
        }
    }
    return NULL;
}

struct stack *stack_table_intern(struct stack_table *table, const uintptr_t *pcs, uint32_t depth) {
    uint64_t hash = hash_pcs(pcs, depth);
    _Atomic(struct stack *) *bucket = &table->buckets[hash % STACK_TABLE_BUCKETS];
    struct stack *head = atomic_load_explicit(bucket, memory_order_acquire);
    struct stack *found = find(head, NULL, hash, pcs, depth);
    if (found != NULL) {
        return found;
    }
    struct stack *stack = private_arena_take(&table->arena, sizeof *stack + depth * sizeof *pcs);
    if (stack == NULL) {
        return NULL;
    }
    stack->hash = hash;
    stack->depth_frames = depth;
    memcpy(stack->pcs, pcs, depth * sizeof *pcs);
    stack->next = head;
    while (!atomic_compare_exchange_weak_explicit(bucket, &head, stack, memory_order_release, memory_order_acquire)) {
        // Somebody was first: perhaps with the very same stack. Then ours is lost space, once per race.
        found = find(head, stack->next, hash, pcs, depth);
        if (found != NULL) {
            return found;
        }
        stack->next = head;
    }
    atomic_fetch_add_explicit(&table->count, 1, memory_order_relaxed);
    return stack;
}

static double from_bits(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void add(_Atomic uint64_t *total, double amount) {
    uint64_t before = atomic_load_explicit(total, memory_order_relaxed), after;
    do {
        double sum = from_bits(before) + amount;
        memcpy(&after, &sum, sizeof after);
    } while (!atomic_compare_exchange_weak_explicit(total, &before, after, memory_order_relaxed, memory_order_relaxed));
}

void stack_add_allocation(struct stack *stack, double objects, double bytes) {
    add(&stack->alloc_objects, objects);
    add(&stack->alloc_bytes, bytes);
}

double stack_alloc_objects(const struct stack *stack) {
    return from_bits(atomic_load_explicit(&stack->alloc_objects, memory_order_relaxed));
}

double stack_alloc_bytes(const struct stack *stack) {
    return from_bits(atomic_load_explicit(&stack->alloc_bytes, memory_order_relaxed));
}

void stack_table_each(const struct stack_table *table, void (*visit)(struct stack *stack, void *context), void *context) {
    for (size_t i = 0; i < STACK_TABLE_BUCKETS; i++) {
        for (struct stack *stack = atomic_load_explicit(&table->buckets[i], memory_order_acquire); stack != NULL; stack = stack->next) {
            visit(stack, context);
        }
    }
}
