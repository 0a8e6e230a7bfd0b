// stack_index.c (tables): see stack_index.h.

#include "stack_index.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

// A search reads at most four cache lines per level, starting at the hash's; when three quarters full, one search in some thousands needs
// the second.
enum { LINE_SLOTS = 8, WINDOW_SLOTS = 4 * LINE_SLOTS, MIN_SLOTS = 4096, GROWTH = 4 };
#define EMPTY ((uint64_t)0)
#define REMOVED ((uint64_t)1) // tombstone, reusable: later slots of its window may be in use
#define ADDRESS_BITS (((uint64_t)1 << 48) - 1)

struct stack_level {
    _Atomic(struct stack_level *) older; // also links levels to be freed
    size_t slot_count, mapped_bytes;
    _Atomic size_t used; // slots that are not EMPTY
    _Atomic uint64_t slots[] __attribute__((aligned(64)));
};

static uint64_t word_of(const struct stack *stack, uint64_t hash) {
    return (uintptr_t)stack | (hash & ~ADDRESS_BITS);
}

static struct stack *stack_of(uint64_t word) {
    return (struct stack *)(word & ADDRESS_BITS);
}

static _Atomic uint64_t *slot_at(struct stack_level *level, uint64_t hash, size_t i) {
    return &level->slots[(hash * LINE_SLOTS + i) & (level->slot_count - 1)];
}

static struct stack_level *older_of(const struct stack_level *level) {
    return atomic_load_explicit(&level->older, memory_order_acquire);
}

static struct stack_level *new_level(struct stack_index *index, size_t slot_count) {
    size_t size = sizeof(struct stack_level) + slot_count * sizeof(uint64_t);
    if (!memory_share_take(index->share, size)) {
        return NULL;
    }
    int saved = errno;
    struct stack_level *level = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    errno = saved;
    if (level == MAP_FAILED) {
        memory_share_give(index->share, size);
        memory_budget_refuse(index->share->budget);
        return NULL;
    }
    level->slot_count = slot_count;
    level->mapped_bytes = size;
    return level;
}

void stack_index_free_levels(struct stack_index *index, struct stack_level *level) {
    while (level) {
        struct stack_level *next = older_of(level);
        size_t size = level->mapped_bytes;
        munmap(level, size);
        memory_share_give(index->share, size);
        level = next;
    }
}

bool stack_index_open(struct stack_index *index, struct memory_share *share) {
    index->share = share;
    struct stack_level *level = new_level(index, MIN_SLOTS);
    atomic_store(&index->newest, level);
    return level;
}

void stack_index_close(struct stack_index *index) {
    stack_index_free_levels(index, atomic_load(&index->newest));
    atomic_store(&index->newest, NULL);
}

// Prefetches an entry of 24 frames whole: in a large table each of its lines is a cache miss.
static void fetch_entry(const struct stack *stack) {
    for (int line = 0; line < 4; line++) {
        __builtin_prefetch((const char *)stack + 64 * line);
    }
}

static struct stack *find_in(struct stack_level *level, uint64_t hash, stack_index_match *is_it, const void *key,
                             struct stack_insertion *insertion) {
    *insertion = (struct stack_insertion){.level = level};
    for (size_t i = 0; i < WINDOW_SLOTS; i++) {
        _Atomic uint64_t *slot = slot_at(level, hash, i);
        uint64_t word = atomic_load_explicit(slot, memory_order_acquire);
        if (word <= REMOVED) {
            if (!insertion->slot) {
                insertion->slot = slot;
                insertion->seen = word;
            }
            if (word == EMPTY) {
                return NULL;
            }
        } else if (((word ^ hash) & ~ADDRESS_BITS) == 0) {
            fetch_entry(stack_of(word));
            if (is_it(stack_of(word), key)) {
                return stack_of(word);
            }
        }
    }
    return NULL;
}

struct stack *stack_index_find(const struct stack_index *index, uint64_t hash, stack_index_match *is_it, const void *key,
                               struct stack_insertion *insertion) {
    struct stack_level *newest = atomic_load_explicit(&index->newest, memory_order_acquire);
    struct stack_insertion ignored;
    for (struct stack_level *level = older_of(newest); level; level = older_of(level)) {
        __builtin_prefetch((const void *)slot_at(level, hash, 0)); // overlaps the misses of all levels
    }
    struct stack *found = find_in(newest, hash, is_it, key, insertion);
    for (struct stack_level *level = older_of(newest); !found && level; level = older_of(level)) {
        found = find_in(level, hash, is_it, key, &ignored);
    }
    return found;
}

// Returns true if there is a new level, whoever made it.
static bool grow(struct stack_index *index, struct stack_level *newest) {
    struct stack_level *level = new_level(index, newest->slot_count * GROWTH);
    if (!level) {
        return atomic_load(&index->newest) != newest;
    }
    atomic_store_explicit(&level->older, newest, memory_order_relaxed);
    struct stack_level *expected = newest;
    if (!atomic_compare_exchange_strong(&index->newest, &expected, level)) {
        atomic_store_explicit(&level->older, NULL, memory_order_relaxed);
        stack_index_free_levels(index, level);
    }
    return true;
}

static bool put_in(const struct stack_insertion *insertion, uint64_t word) {
    uint64_t seen = insertion->seen;
    if (!atomic_compare_exchange_strong_explicit(insertion->slot, &seen, word, memory_order_release, memory_order_relaxed)) {
        return false;
    }
    if (seen == EMPTY) {
        atomic_fetch_add_explicit(&insertion->level->used, 1, memory_order_relaxed);
    }
    return true;
}

static bool is_full(const struct stack_level *level) {
    return atomic_load_explicit(&level->used, memory_order_relaxed) >= level->slot_count - level->slot_count / 4;
}

enum stack_put stack_index_put(struct stack_index *index, const struct stack_insertion *insertion, uint64_t hash, struct stack *stack) {
    if ((!insertion->slot || is_full(insertion->level)) && grow(index, insertion->level)) {
        return STACK_PUT_AGAIN;
    }
    if (!insertion->slot) {
        return STACK_PUT_FULL;
    }
    return put_in(insertion, word_of(stack, hash)) ? STACK_PUT : STACK_PUT_AGAIN;
}

void stack_index_remove(struct stack_index *index, uint64_t hash, const struct stack *stack) {
    for (struct stack_level *level = atomic_load(&index->newest); level; level = older_of(level)) {
        for (size_t i = 0; i < WINDOW_SLOTS; i++) {
            uint64_t word = word_of(stack, hash);
            _Atomic uint64_t *slot = slot_at(level, hash, i);
            // Continues after the first: during a renewal it may be in two levels. Only the caller changes a slot with it.
            if (atomic_load_explicit(slot, memory_order_relaxed) == word) {
                atomic_store_explicit(slot, REMOVED, memory_order_release);
            }
        }
    }
}

void stack_index_each(const struct stack_index *index, void (*visit)(struct stack *stack, void *context), void *context) {
    for (struct stack_level *level = atomic_load(&index->newest); level; level = older_of(level)) {
        for (size_t i = 0; i < level->slot_count; i++) {
            uint64_t word = atomic_load_explicit(&level->slots[i], memory_order_acquire);
            if (word > REMOVED) {
                visit(stack_of(word), context);
            }
        }
    }
}

// ---- Renewing ----

static size_t right_size(uint64_t stacks) {
    size_t slots = MIN_SLOTS;
    while (slots < stacks * 2) {
        slots *= 2;
    }
    return slots;
}

struct stack_level *stack_index_renew_begin(struct stack_index *index, uint64_t stacks) {
    struct stack_level *newest = atomic_load(&index->newest);
    size_t used = atomic_load(&newest->used), removed = used > stacks ? used - stacks : 0;
    if (!older_of(newest) && removed < newest->slot_count / 4 && newest->slot_count <= right_size(stacks) * 8) {
        return NULL;
    }
    struct stack_level *fresh = new_level(index, right_size(stacks));
    if (!fresh) {
        return NULL;
    }
    do {
        atomic_store_explicit(&fresh->older, newest, memory_order_relaxed);
    } while (!atomic_compare_exchange_weak(&index->newest, &newest, fresh));
    return fresh;
}

static bool is_same(const struct stack *stack, const void *key) {
    return stack == key;
}

// An entry that does not fit becomes unfindable: the same stack then gets a second entry.
static void move(struct stack_level *to, struct stack *stack, uint64_t hash) {
    struct stack_insertion insertion;
    while (!find_in(to, hash, is_same, stack, &insertion) && insertion.slot && !put_in(&insertion, word_of(stack, hash))) {
    }
}

struct stack_level *stack_index_renew_finish(struct stack_level *fresh, uint64_t (*hash_of)(const struct stack *)) {
    struct stack_level *old = older_of(fresh);
    for (struct stack_level *level = old; level; level = older_of(level)) {
        for (size_t i = 0; i < level->slot_count; i++) {
            uint64_t word = atomic_load_explicit(&level->slots[i], memory_order_acquire);
            if (word > REMOVED) {
                move(fresh, stack_of(word), hash_of(stack_of(word)));
            }
        }
    }
    atomic_store_explicit(&fresh->older, NULL, memory_order_release);
    return old;
}
