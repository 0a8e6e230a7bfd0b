// live_table.c: open addressing inside windows of 16 slots, in levels.
//
//   level 0:  1,024 slots   A block hashes to one window a level: 16 keys, two cache lines. It is added to the newest level with a free
//   level 1:  2,048 slots   slot in its window, and looked for in all of them. When no level has one, a level of twice the size is added.
//   ...
//
// A key is one word: the block's address, in the bits that an address of ours can have, and between them a state.
//
//   63 .. 48 | 47 ....... 10 | 9 .. 5 | 4       | 3 2 | 1       | 0
//   sequence | address       |        | address |     | resting | busy
//
// busy: the slot is taken and its sample is being written. resting: the block is not alive. sequence: counts the uses of the slot, so that
// a reader who finds the same key before and after has read one sample and not half of two.

#include "live_table.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum { WINDOW = 16, LEVEL_0_SLOTS = 1024 };
#define ADDRESS_BITS ((uint64_t)0xfffffffffc10)
#define BUSY ((uint64_t)1)
#define RESTING ((uint64_t)2)
#define SEQUENCE_ONE ((uint64_t)1 << 48)
#define SEQUENCE_BITS ((uint64_t)0xffff << 48)

struct live_slot {
    _Atomic(struct stack *) stack;
    _Atomic size_t size_bytes;
    _Atomic uint64_t weight; // bits of a double
};

struct live_level {
    size_t slot_count, mapped_bytes;
    _Atomic uint64_t *keys;
    struct live_slot *slots;
};

void live_table_open(struct live_table *table, struct memory_budget *budget) {
    memset(table, 0, sizeof *table);
    table->budget = budget;
}

void live_table_close(struct live_table *table) {
    for (int i = 0; i < LIVE_TABLE_LEVELS; i++) {
        struct live_level *level = atomic_load(&table->levels[i]);
        if (level != NULL) {
            memory_budget_give(table->budget, level->mapped_bytes);
            munmap(level, level->mapped_bytes);
        }
    }
    memset(table, 0, sizeof *table);
}

static size_t window_of(const struct live_level *level, uint64_t address) {
    uint64_t hash = (address >> 4) * 0x9e3779b97f4a7c15u;
    return hash >> 32 & (level->slot_count - WINDOW); // slot_count is a power of two
}

// Makes level number i. Several threads may try; one wins, the others find its level.
static bool grow(struct live_table *table, int i) {
    size_t slot_count = (size_t)LEVEL_0_SLOTS << i;
    size_t head = (sizeof(struct live_level) + 63) & ~(size_t)63; // keys begin on a cache line
    size_t size = head + slot_count * (sizeof(uint64_t) + sizeof(struct live_slot));
    if (!memory_budget_take(table->budget, size)) {
        return false;
    }
    int saved = errno;
    struct live_level *level = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    errno = saved;
    if (level == MAP_FAILED) {
        memory_budget_give(table->budget, size);
        return false;
    }
    level->slot_count = slot_count;
    level->mapped_bytes = size;
    level->keys = (void *)((uint8_t *)level + head);
    level->slots = (void *)(level->keys + slot_count);
    struct live_level *none = NULL;
    if (!atomic_compare_exchange_strong(&table->levels[i], &none, level)) {
        munmap(level, size);
        memory_budget_give(table->budget, size);
    }
    return true;
}

// The slot is ours: its key is busy or resting.
static void write_slot(struct live_slot *slot, const struct live_sample *sample) {
    atomic_thread_fence(memory_order_release); // a reader that sees a new value below also sees that the key was not alive before
    uint64_t weight;
    memcpy(&weight, &sample->weight, sizeof weight);
    atomic_store_explicit(&slot->stack, sample->stack, memory_order_relaxed);
    atomic_store_explicit(&slot->size_bytes, sample->size_bytes, memory_order_relaxed);
    atomic_store_explicit(&slot->weight, weight, memory_order_relaxed);
}

static bool add_to_level(struct live_level *level, uint64_t address, const struct live_sample *sample) {
    size_t first = window_of(level, address);
    for (size_t at = first; at < first + WINDOW; at++) {
        uint64_t key = atomic_load_explicit(&level->keys[at], memory_order_relaxed);
        if ((key & ~SEQUENCE_BITS) != 0) {
            continue;
        }
        uint64_t sequence = (key + SEQUENCE_ONE) & SEQUENCE_BITS;
        if (!atomic_compare_exchange_strong_explicit(&level->keys[at], &key, address | sequence | BUSY, memory_order_acquire,
                                                     memory_order_relaxed)) {
            continue;
        }
        write_slot(&level->slots[at], sample);
        atomic_store_explicit(&level->keys[at], address | sequence, memory_order_release);
        return true;
    }
    return false;
}

static int level_count(const struct live_table *table) {
    int count = 0;
    while (count < LIVE_TABLE_LEVELS && atomic_load_explicit(&table->levels[count], memory_order_acquire) != NULL) {
        count++;
    }
    return count;
}

bool live_table_add(struct live_table *table, const void *block, const struct live_sample *sample) {
    uint64_t address = (uintptr_t)block;
    int tried = 0; // levels that had no room
    if ((address & ~ADDRESS_BITS) != 0) {
        return false;
    }
    // First of all: whoever frees the block must not be told that it is not here.
    atomic_fetch_add_explicit(live_table_filter_slot(table, block), 1, memory_order_relaxed);
    for (;;) {
        int count = level_count(table);
        for (int i = count - 1; i >= 0; i--) {
            if (add_to_level(atomic_load_explicit(&table->levels[i], memory_order_acquire), address, sample)) {
                return true;
            }
        }
        // The second time round a new level was full at this window already: other threads are quicker than we are; give up in the end.
        if (count == LIVE_TABLE_LEVELS || tried++ == 2 || !grow(table, count)) {
            atomic_fetch_sub_explicit(live_table_filter_slot(table, block), 1, memory_order_relaxed);
            return false;
        }
    }
}

static void read_slot(const struct live_slot *slot, struct live_sample *sample) {
    uint64_t weight = atomic_load_explicit(&slot->weight, memory_order_relaxed);
    sample->stack = atomic_load_explicit(&slot->stack, memory_order_relaxed);
    sample->size_bytes = atomic_load_explicit(&slot->size_bytes, memory_order_relaxed);
    memcpy(&sample->weight, &weight, sizeof weight);
}

// Where the block is, alive or resting. *key: what its key was.
static struct live_place find(const struct live_table *table, const void *block, uint64_t *key) {
    uint64_t address = (uintptr_t)block;
    int levels = address != 0 ? level_count(table) : 0; // an empty slot has the address 0
    for (int i = levels - 1; i >= 0; i--) {
        struct live_level *level = atomic_load_explicit(&table->levels[i], memory_order_acquire);
        size_t first = window_of(level, address);
        for (size_t at = first; at < first + WINDOW; at++) {
            *key = atomic_load_explicit(&level->keys[at], memory_order_acquire);
            if ((*key & ADDRESS_BITS) == address && (*key & BUSY) == 0) {
                return (struct live_place){&level->slots[at], &level->keys[at]};
            }
        }
    }
    return (struct live_place){NULL, NULL};
}

static void forget(struct live_table *table, const void *block) {
    atomic_fetch_sub_explicit(live_table_filter_slot(table, block), 1, memory_order_relaxed);
}

bool live_table_remove(struct live_table *table, const void *block, struct live_sample *sample) {
    uint64_t key;
    struct live_place place = find(table, block, &key);
    if (place.slot == NULL || (key & RESTING) != 0) {
        return false;
    }
    read_slot(place.slot, sample);
    // A program that frees a block twice at the same time gets here twice: one of them has it.
    if (!atomic_compare_exchange_strong_explicit(place.key, &key, key & SEQUENCE_BITS, memory_order_release, memory_order_relaxed)) {
        return false;
    }
    forget(table, block);
    return true;
}

enum live_state live_table_rest(struct live_table *table, const void *block, struct live_place *place) {
    uint64_t key;
    *place = find(table, block, &key);
    if (place->slot == NULL) {
        return LIVE_ABSENT;
    }
    if ((key & RESTING) != 0) {
        return LIVE_RESTING;
    }
    return atomic_compare_exchange_strong_explicit(place->key, &key, key | RESTING, memory_order_acquire, memory_order_relaxed)
               ? LIVE_ALIVE
               : LIVE_RESTING; // somebody else freed it at the same time
}

void live_table_wake(struct live_place place, const struct live_sample *sample) {
    uint64_t key = atomic_load_explicit(place.key, memory_order_relaxed);
    write_slot(place.slot, sample);
    uint64_t sequence = (key + SEQUENCE_ONE) & SEQUENCE_BITS;
    atomic_store_explicit(place.key, (key & ADDRESS_BITS) | sequence, memory_order_release);
}

void live_table_drop(struct live_table *table, struct live_place place) {
    uint64_t key = atomic_load_explicit(place.key, memory_order_relaxed);
    atomic_store_explicit(place.key, key & SEQUENCE_BITS, memory_order_release);
    forget(table, (const void *)(key & ADDRESS_BITS));
}

static bool is_alive(uint64_t key) {
    return (key & ADDRESS_BITS) != 0 && (key & (BUSY | RESTING)) == 0;
}

void live_table_each(const struct live_table *table, void (*visit)(const struct live_sample *sample, void *context), void *context) {
    for (int i = level_count(table) - 1; i >= 0; i--) {
        struct live_level *level = atomic_load_explicit(&table->levels[i], memory_order_acquire);
        for (size_t at = 0; at < level->slot_count; at++) {
            uint64_t before = atomic_load_explicit(&level->keys[at], memory_order_acquire);
            if (!is_alive(before)) {
                continue;
            }
            struct live_sample sample;
            read_slot(&level->slots[at], &sample);
            atomic_thread_fence(memory_order_acquire);
            if (atomic_load_explicit(&level->keys[at], memory_order_relaxed) == before) {
                visit(&sample, context);
            }
        }
    }
}

static void add_one(const struct live_sample *sample, void *context) {
    (void)sample;
    ++*(uint64_t *)context;
}

uint64_t live_table_count(const struct live_table *table) {
    uint64_t count = 0;
    live_table_each(table, add_one, &count);
    return count;
}
