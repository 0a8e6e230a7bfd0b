// stack_table.c (tables): entries, their memory and their eviction.

#include "stack_table.h"

#include <stdbool.h>
#include <string.h>

#include "../base/natural.h"

_Static_assert(sizeof(struct stack) == 64, "the addresses begin on a cache line");

static const uint64_t odd = 0x9e3779b97f4a7c15u;

static inline uint64_t mixed(uint64_t hash, uint64_t pc) {
    hash = (hash ^ pc) * odd;
    return hash ^ hash >> 29;
}

// Four independent multiplication chains, which a processor overlaps.
uint64_t stack_table_hash(const uintptr_t *pcs, uint32_t depth) {
    uint64_t a = depth, b = odd, c = ~odd, d = odd << 1;
    uint32_t i = 0;
    for (; i + 3 < depth; i += 4) {
        a = mixed(a, pcs[i]);
        b = mixed(b, pcs[i + 1]);
        c = mixed(c, pcs[i + 2]);
        d = mixed(d, pcs[i + 3]);
    }
    for (; i < depth; i++) {
        a = mixed(a, pcs[i]);
    }
    return mixed(mixed(mixed(a, b), c), d);
}

static uint64_t hash_of_key(uint64_t pcs_hash, enum stack_source source, const struct stack *labels) {
    uint64_t hash = (pcs_hash ^ ((uintptr_t)labels >> 6) * 0xd6e8feb86659fd93u ^ (uint64_t)source << 32) * odd;
    return hash ^ hash >> 32;
}

bool stack_table_open(struct stack_table *table, struct memory_budget *budget, struct memory_share *within) {
    memset(table, 0, sizeof *table);
    table->share.budget = budget;
    table->share.within = within;
    if (!private_arena_open(&table->arena, &table->share)) {
        return false;
    }
    if (!stack_index_open(&table->index, &table->share)) {
        private_arena_close(&table->arena);
        return false;
    }
    return true;
}

void stack_table_close(struct stack_table *table) {
    stack_index_close(&table->index);
    private_arena_close(&table->arena);
}

// ---- Entry memory ----

// A block: this header, then entries of one bin.
struct slab {
    _Atomic uint32_t bin_and_one; // 0: not divided yet
    uint32_t entry_count;
    uint32_t free_count; // used by give_back
} __attribute__((aligned(64)));

static uint32_t bin_of(uint32_t depth) {
    return (depth + STACK_TABLE_BIN_FRAMES - 1) / STACK_TABLE_BIN_FRAMES;
}

static size_t entry_bytes(uint32_t bin) {
    return sizeof(struct stack) + bin * STACK_TABLE_BIN_FRAMES * sizeof(uintptr_t);
}

static struct slab *slab_of(const struct stack *stack) {
    return (struct slab *)((uintptr_t)stack & ~(uintptr_t)(PRIVATE_ARENA_BLOCK_BYTES - 1));
}

// For an entry in use.
static uint32_t bin_of_entry(const struct stack *stack) {
    return atomic_load_explicit(&slab_of(stack)->bin_and_one, memory_order_relaxed) - 1;
}

size_t stack_entry_bytes(const struct stack *stack) {
    return entry_bytes(bin_of_entry(stack));
}

static struct stack *entry_of(struct slab *slab, uint32_t bin, uint32_t i) {
    return (struct stack *)((uint8_t *)(slab + 1) + i * entry_bytes(bin));
}

// The head of a free list: the address in units of 64 bytes, and above it a counter incremented with every change, so that an entry taken
// and put back meanwhile is detected.
#define ADDRESS_BITS 42
#define ADDRESS_MASK (((uint64_t)1 << ADDRESS_BITS) - 1)

static struct stack *entry_at(uint64_t head) {
    return (struct stack *)(uintptr_t)((head & ADDRESS_MASK) << 6);
}

static uint64_t head_after(uint64_t head, const struct stack *first) {
    return ((head >> ADDRESS_BITS) + 1) << ADDRESS_BITS | (uintptr_t)first >> 6;
}

static struct stack *next_of(const struct stack *stack) {
    return atomic_load_explicit(&stack->next, memory_order_relaxed);
}

static void set_next(struct stack *stack, struct stack *next) {
    atomic_store_explicit(&stack->next, next, memory_order_relaxed);
}

static struct stack *take_free_entry(struct stack_table *table, uint32_t bin) {
    _Atomic uint64_t *head = &table->free_entries[bin];
    uint64_t first = atomic_load_explicit(head, memory_order_acquire);
    while (entry_at(first)) {
        struct stack *entry = entry_at(first);
        // May be garbage if another thread takes the entry meanwhile; the head has then changed as well.
        uint64_t changed = head_after(first, next_of(entry));
        if (atomic_compare_exchange_weak_explicit(head, &first, changed, memory_order_acquire, memory_order_acquire)) {
            atomic_fetch_sub_explicit(&table->free_bytes, entry_bytes(bin), memory_order_relaxed);
            return entry;
        }
    }
    return NULL;
}

// Linked by next from first to last.
static void put_free_entries(struct stack_table *table, uint32_t bin, struct stack *first, struct stack *last, size_t count) {
    _Atomic uint64_t *head = &table->free_entries[bin];
    uint64_t before = atomic_load_explicit(head, memory_order_relaxed);
    atomic_fetch_add_explicit(&table->free_bytes, count * entry_bytes(bin), memory_order_relaxed);
    do {
        set_next(last, entry_at(before));
    } while (!atomic_compare_exchange_weak_explicit(head, &before, head_after(before, first), memory_order_release, memory_order_relaxed));
}

// Divides a new block: keeps its first entry and publishes the others.
static struct stack *take_new_entry(struct stack_table *table, uint32_t bin) {
    struct slab *slab = private_arena_take(&table->arena);
    if (!slab) {
        return NULL;
    }
    uint32_t count = (uint32_t)((PRIVATE_ARENA_BLOCK_BYTES - sizeof *slab) / entry_bytes(bin));
    slab->entry_count = count;
    atomic_store_explicit(&slab->bin_and_one, bin + 1, memory_order_release);
    for (uint32_t i = 1; i + 1 < count; i++) {
        set_next(entry_of(slab, bin, i), entry_of(slab, bin, i + 1));
    }
    put_free_entries(table, bin, entry_of(slab, bin, 1), entry_of(slab, bin, count - 1), count - 1);
    return entry_of(slab, bin, 0);
}

static struct stack *take_entry(struct stack_table *table, uint32_t depth) {
    struct stack *entry = take_free_entry(table, bin_of(depth));
    if (!entry) {
        entry = take_new_entry(table, bin_of(depth));
    }
    // A larger entry is better than none.
    for (uint32_t bin = bin_of(depth) + 1; !entry && bin < STACK_TABLE_BINS; bin++) {
        entry = take_free_entry(table, bin);
    }
    return entry;
}

static void free_entry(struct stack_table *table, struct stack *stack) {
    put_free_entries(table, bin_of_entry(stack), stack, stack, 1);
}

// ---- Lookup ----

struct key {
    uint64_t hash;
    const uintptr_t *pcs;
    uint32_t depth;
    enum stack_source source;
    struct stack *labels;
};

static bool is_it(const struct stack *stack, const void *context) {
    const struct key *key = context;
    return stack->hash == key->hash && stack->depth_frames == key->depth && stack->source == key->source &&
           memcmp(stack->pcs, key->pcs, key->depth * sizeof *key->pcs) == 0 && stack_labels(stack) == key->labels &&
           atomic_load_explicit(&stack->retired, memory_order_relaxed) == 0;
}

static struct stack *new_entry(struct stack_table *table, const struct key *key) {
    struct stack *stack = take_entry(table, key->depth + !!key->labels);
    if (stack) {
        stack->hash = key->hash;
        atomic_store_explicit(&stack->alloc_objects, 0, memory_order_relaxed);
        atomic_store_explicit(&stack->alloc_bytes, 0, memory_order_relaxed);
        atomic_store_explicit(&stack->samples, 0, memory_order_relaxed);
        stack->inuse_objects = stack->inuse_bytes = 0;
        atomic_store_explicit(&stack->retired, 0, memory_order_relaxed);
        stack->depth_frames = (uint16_t)key->depth & 0xfff;
        stack->source = key->source & 0x7;
        stack->has_labels = !!key->labels;
        atomic_store_explicit(&stack->touched, 0, memory_order_relaxed);
        memcpy(stack->pcs, key->pcs, key->depth * sizeof *key->pcs);
        if (key->labels) {
            stack->pcs[key->depth] = (uintptr_t)key->labels;
        }
    }
    return stack;
}

// An entry is in use once it is findable, not before: a duplicate is nobody's. So the finder marks it too.
static struct stack *in_use(struct stack *stack) {
    if (atomic_load_explicit(&stack->in_use, memory_order_relaxed) == 0) {
        atomic_store_explicit(&stack->in_use, 1, memory_order_release);
    }
    return stack;
}

struct stack *stack_table_intern_as(struct stack_table *table, enum stack_source source, uint64_t pcs_hash, const uintptr_t *pcs,
                                    uint32_t depth, struct stack *labels) {
    if (depth + !!labels > STACK_TABLE_MAX_FRAMES) {
        return NULL;
    }
    struct key key = {hash_of_key(pcs_hash, source, labels), pcs, depth, source, labels};
    struct stack *mine = NULL, *found;
    struct stack_insertion insertion;
    enum stack_put put = STACK_PUT_AGAIN;
    while (!(found = stack_index_find(&table->index, key.hash, is_it, &key, &insertion)) && put == STACK_PUT_AGAIN) {
        if (!mine && !(mine = new_entry(table, &key))) {
            return NULL;
        }
        put = stack_index_put(&table->index, &insertion, key.hash, mine);
        if (put == STACK_PUT) {
            atomic_fetch_add_explicit(&table->count, 1, memory_order_relaxed);
            return in_use(mine);
        }
    }
    if (mine) { // another thread was first with the same stack, or the index is full
        free_entry(table, mine);
    }
    return found ? in_use(found) : NULL;
}

// ---- Eviction ----

void stack_table_unlink(struct stack_table *table, struct stack *stack) {
    stack_index_remove(&table->index, stack->hash, stack);
}

void stack_table_retire(struct stack_table *table, struct stack *stack, uint32_t generation) {
    uint32_t present = 0;
    if (atomic_compare_exchange_strong(&stack->retired, &present, generation)) {
        atomic_fetch_add_explicit(&table->retired, 1, memory_order_relaxed);
    }
    stack_table_unlink(table, stack);
}

void stack_table_evict(struct stack_table *table, struct stack *stack) {
    if (atomic_load_explicit(&stack->retired, memory_order_relaxed) != 0) {
        atomic_fetch_sub_explicit(&table->retired, 1, memory_order_relaxed);
    }
    // First: in a child forked in between they are lost, and counted so, not duplicated.
    atomic_store_explicit(&stack->in_use, 0, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
    struct stack_totals *evicted = &table->evicted[stack->source];
    evicted->objects += natural_round(stack_alloc_objects(stack));
    evicted->bytes += natural_round(stack_alloc_bytes(stack));
    evicted->samples += stack_samples(stack);
    atomic_fetch_sub_explicit(&table->count, 1, memory_order_relaxed);
    free_entry(table, stack);
}

static void gather_bin(struct stack_table *table, uint32_t bin) {
    _Atomic uint64_t *head = &table->free_entries[bin];
    uint64_t before = atomic_load_explicit(head, memory_order_acquire);
    while (!atomic_compare_exchange_weak_explicit(head, &before, head_after(before, NULL), memory_order_acquire, memory_order_acquire)) {
    }
    size_t count = 0;
    for (struct stack *stack = entry_at(before); stack; stack = next_of(stack)) {
        count++;
    }
    atomic_fetch_sub_explicit(&table->free_bytes, count * entry_bytes(bin), memory_order_relaxed);
    table->gathered[bin] = entry_at(before);
}

void stack_table_gather_free(struct stack_table *table) {
    for (uint32_t bin = 0; bin < STACK_TABLE_BINS; bin++) {
        if (!table->gathered[bin]) { // otherwise the second step was skipped; nobody takes these
            gather_bin(table, bin);
        }
    }
}

static bool is_whole(const struct slab *slab) {
    return slab->free_count == slab->entry_count;
}

// Frees the gathered entries whose block has others in use.
static void free_the_rest(struct stack_table *table, uint32_t bin) {
    struct stack *next, *rest = NULL, *last = NULL;
    size_t count = 0;
    for (struct stack *stack = table->gathered[bin]; stack; stack = next) {
        next = next_of(stack);
        if (!is_whole(slab_of(stack))) {
            set_next(stack, rest);
            rest = stack;
            last = last ? last : stack;
            count++;
        }
    }
    table->gathered[bin] = NULL; // first: in a child forked in between they are lost, not duplicated
    if (rest) {
        put_free_entries(table, bin, rest, last, count);
    }
}

void stack_table_release_blocks(struct stack_table *table) {
    for (uint32_t bin = 0; bin < STACK_TABLE_BINS; bin++) {
        for (struct stack *stack = table->gathered[bin]; stack; stack = next_of(stack)) {
            slab_of(stack)->free_count = 0; // the process may have been forked during this
        }
        for (struct stack *stack = table->gathered[bin]; stack; stack = next_of(stack)) {
            slab_of(stack)->free_count++;
        }
    }
    for (uint32_t bin = 0; bin < STACK_TABLE_BINS; bin++) {
        free_the_rest(table, bin);
    }
    for (uint32_t i = 0; i < atomic_load(&table->arena.block_count); i++) {
        struct slab *slab = private_arena_block(&table->arena, i);
        // Blocks being divided now have no gathered entries.
        if (!slab || atomic_load_explicit(&slab->bin_and_one, memory_order_acquire) == 0 || slab->free_count == 0) {
            continue;
        }
        if (is_whole(slab)) {
            private_arena_give(&table->arena, slab);
        } else {
            slab->free_count = 0;
        }
    }
}

static uint64_t hash_of(const struct stack *stack) {
    return stack->hash;
}

struct stack_level *stack_table_renew_begin(struct stack_table *table) {
    return stack_index_renew_begin(&table->index, atomic_load(&table->count) - atomic_load(&table->retired));
}

struct stack_level *stack_table_renew_finish(struct stack_level *fresh) {
    return stack_index_renew_finish(fresh, hash_of);
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
    if (atomic_load_explicit(&stack->touched, memory_order_relaxed) == 0) {
        atomic_store_explicit(&stack->touched, 1, memory_order_relaxed);
    }
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

// ---- All ----

static void each_of(struct slab *slab, uint32_t bin, void (*visit)(struct stack *stack, void *context), void *context) {
    for (uint32_t i = 0; i < slab->entry_count; i++) {
        struct stack *stack = entry_of(slab, bin, i);
        if (atomic_load_explicit(&stack->in_use, memory_order_acquire) != 0) {
            visit(stack, context);
        }
    }
}

void stack_table_each(const struct stack_table *table, void (*visit)(struct stack *stack, void *context), void *context) {
    for (uint32_t i = 0; i < atomic_load_explicit(&table->arena.block_count, memory_order_acquire); i++) {
        struct slab *slab = private_arena_block(&table->arena, i);
        uint32_t bin_and_one = slab ? atomic_load_explicit(&slab->bin_and_one, memory_order_acquire) : 0;
        if (bin_and_one != 0) {
            each_of(slab, bin_and_one - 1, visit, context);
        }
    }
}

void stack_table_each_found(const struct stack_table *table, void (*visit)(struct stack *stack, void *context), void *context) {
    stack_index_each(&table->index, visit, context);
}
