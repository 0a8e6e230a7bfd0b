// stack_table.c: a hash table of chains that only grow at their heads.

#include "stack_table.h"

#include <stdbool.h>
#include <string.h>

// Two chains of multiplications side by side: a processor is done with both in the time of one.
static uint64_t hash_pcs(const uintptr_t *pcs, uint32_t depth) {
    const uint64_t odd = 0x9e3779b97f4a7c15u;
    uint64_t left = depth, right = odd;
    uint32_t i = 0;
    for (; i + 1 < depth; i += 2) {
        left = (left ^ pcs[i]) * odd;
        right = (right ^ pcs[i + 1]) * odd;
        left ^= left >> 29;
        right ^= right >> 31;
    }
    if (i < depth) {
        left = (left ^ pcs[i]) * odd;
    }
    uint64_t hash = (left ^ (right >> 32) ^ (right << 32)) * odd;
    return hash ^ hash >> 32;
}

bool stack_table_open(struct stack_table *table, size_t reserved_bytes, struct memory_budget *budget) {
    memset(table, 0, sizeof *table);
    if (!private_arena_open(&table->arena, reserved_bytes, budget)) {
        return false;
    }
    table->buckets = private_arena_take(&table->arena, STACK_TABLE_BUCKETS * sizeof *table->buckets);
    if (table->buckets == NULL) {
        stack_table_close(table);
        return false;
    }
    return true;
}

void stack_table_close(struct stack_table *table) {
    private_arena_close(&table->arena);
    table->buckets = NULL;
}

// ---- Memory of entries ----

// A free entry's place: its offset in the arena in units of 16 bytes, plus 1, so that 0 is none; above it a count that goes up with every
// change, so that an entry taken and put back meanwhile is noticed.
#define PLACE_BITS 32
#define PLACE_MASK (((uint64_t)1 << PLACE_BITS) - 1)

static uint32_t bin_of(uint32_t depth) {
    return (depth + STACK_TABLE_BIN_FRAMES - 1) / STACK_TABLE_BIN_FRAMES;
}

static size_t entry_bytes(uint32_t bin) {
    return sizeof(struct stack) + bin * STACK_TABLE_BIN_FRAMES * sizeof(uintptr_t);
}

static struct stack *entry_at(const struct stack_table *table, uint64_t place) {
    return (struct stack *)(table->arena.base + (place - 1) * 16);
}

static struct stack *take_free_entry(struct stack_table *table, uint32_t bin) {
    _Atomic uint64_t *head = &table->free_entries[bin];
    uint64_t first = atomic_load_explicit(head, memory_order_acquire);
    while ((first & PLACE_MASK) != 0) {
        struct stack *entry = entry_at(table, first & PLACE_MASK);
        // May be nonsense if somebody else takes the entry at this moment; then the head has changed as well.
        uint64_t next = (uint64_t)(uintptr_t)atomic_load_explicit(&entry->next, memory_order_relaxed) & PLACE_MASK;
        uint64_t changed = ((first >> PLACE_BITS) + 1) << PLACE_BITS | next;
        if (atomic_compare_exchange_weak_explicit(head, &first, changed, memory_order_acquire, memory_order_acquire)) {
            atomic_fetch_sub_explicit(&table->free_bytes, entry_bytes(bin), memory_order_relaxed);
            return entry;
        }
    }
    return NULL;
}

static struct stack *take_entry(struct stack_table *table, uint32_t depth) {
    struct stack *entry = take_free_entry(table, bin_of(depth));
    if (entry == NULL && (entry = private_arena_take(&table->arena, entry_bytes(bin_of(depth)))) != NULL) {
        entry->bin = bin_of(depth);
    }
    // One that is larger than needed is better than none.
    for (uint32_t bin = bin_of(depth) + 1; entry == NULL && bin < STACK_TABLE_BINS; bin++) {
        entry = take_free_entry(table, bin);
    }
    return entry;
}

void stack_table_free(struct stack_table *table, struct stack *stack) {
    uint32_t bin = stack->bin; // once published, the entry may be somebody else's
    _Atomic uint64_t *head = &table->free_entries[bin];
    uint64_t place = (uint64_t)((uint8_t *)stack - table->arena.base) / 16 + 1;
    uint64_t first = atomic_load_explicit(head, memory_order_relaxed), changed;
    atomic_fetch_add_explicit(&table->free_bytes, entry_bytes(bin), memory_order_relaxed);
    do {
        atomic_store_explicit(&stack->next, (struct stack *)(uintptr_t)(first & PLACE_MASK), memory_order_relaxed);
        changed = ((first >> PLACE_BITS) + 1) << PLACE_BITS | place;
    } while (!atomic_compare_exchange_weak_explicit(head, &first, changed, memory_order_release, memory_order_relaxed));
}

// ---- Lookup ----

static struct stack *next_of(const struct stack *stack) {
    return atomic_load_explicit(&stack->next, memory_order_acquire);
}

// Looks from head up to, not including, stop.
static struct stack *find(struct stack *head, const struct stack *stop, uint64_t hash, const uintptr_t *pcs, uint32_t depth) {
    for (struct stack *stack = head; stack != NULL && stack != stop; stack = next_of(stack)) {
        if (stack->hash == hash && stack->depth_frames == depth && memcmp(stack->pcs, pcs, depth * sizeof *pcs) == 0 &&
            atomic_load_explicit(&stack->retired, memory_order_relaxed) == 0) {
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
    struct stack *stack = take_entry(table, depth);
    if (stack == NULL) {
        return NULL;
    }
    atomic_store_explicit(&stack->alloc_objects, 0, memory_order_relaxed);
    atomic_store_explicit(&stack->alloc_bytes, 0, memory_order_relaxed);
    atomic_store_explicit(&stack->samples, 0, memory_order_relaxed);
    atomic_store_explicit(&stack->profiled_samples, 0, memory_order_relaxed);
    atomic_store_explicit(&stack->retired, 0, memory_order_relaxed);
    stack->hash = hash;
    stack->depth_frames = depth;
    memcpy(stack->pcs, pcs, depth * sizeof *pcs);
    struct stack *seen = head;
    atomic_store_explicit(&stack->next, head, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(bucket, &head, stack, memory_order_release, memory_order_acquire)) {
        // Somebody was first: perhaps with the very same stack.
        found = find(head, seen, hash, pcs, depth);
        if (found != NULL) {
            stack_table_free(table, stack);
            return found;
        }
        seen = head;
        atomic_store_explicit(&stack->next, head, memory_order_relaxed);
    }
    atomic_fetch_add_explicit(&table->count, 1, memory_order_relaxed);
    return stack;
}

// ---- Taking away ----

void stack_table_unlink(struct stack_table *table, struct stack *stack) {
    _Atomic(struct stack *) *at = &table->buckets[stack->hash % STACK_TABLE_BUCKETS];
    struct stack *expected = stack;
    // Others only change heads, and only to put new entries before it.
    while (!atomic_compare_exchange_strong_explicit(at, &expected, next_of(stack), memory_order_acq_rel, memory_order_acquire)) {
        at = &expected->next;
        expected = stack;
    }
    atomic_fetch_sub_explicit(&table->count, 1, memory_order_relaxed);
}

void stack_table_link(struct stack_table *table, struct stack *stack) {
    _Atomic(struct stack *) *bucket = &table->buckets[stack->hash % STACK_TABLE_BUCKETS];
    struct stack *head = atomic_load_explicit(bucket, memory_order_relaxed);
    do {
        atomic_store_explicit(&stack->next, head, memory_order_relaxed);
    } while (!atomic_compare_exchange_weak_explicit(bucket, &head, stack, memory_order_release, memory_order_relaxed));
    atomic_fetch_add_explicit(&table->count, 1, memory_order_relaxed);
}

// ---- Totals ----

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

void stack_add_allocations(struct stack *stack, double objects, double bytes, uint64_t samples) {
    add(&stack->alloc_objects, objects);
    add(&stack->alloc_bytes, bytes);
    atomic_fetch_add_explicit(&stack->samples, samples, memory_order_relaxed);
}

uint64_t stack_samples(const struct stack *stack) {
    return atomic_load_explicit(&stack->samples, memory_order_relaxed);
}

double stack_alloc_objects(const struct stack *stack) {
    return from_bits(atomic_load_explicit(&stack->alloc_objects, memory_order_relaxed));
}

double stack_alloc_bytes(const struct stack *stack) {
    return from_bits(atomic_load_explicit(&stack->alloc_bytes, memory_order_relaxed));
}

void stack_table_each(const struct stack_table *table, void (*visit)(struct stack *stack, void *context), void *context) {
    for (size_t i = 0; i < STACK_TABLE_BUCKETS; i++) {
        for (struct stack *stack = atomic_load_explicit(&table->buckets[i], memory_order_acquire); stack != NULL; stack = next_of(stack)) {
            visit(stack, context);
        }
    }
}
