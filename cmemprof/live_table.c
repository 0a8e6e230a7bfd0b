// live_table.c: open addressing inside windows of 16 slots, in levels.
//
//   level 0:  1,024 slots   A block hashes to one window a level: 16 keys, two cache lines. It is added to the newest level with a free
//   level 1:  2,048 slots   slot in its window, and looked for in all of them. When no level has one, a level of twice the size is added.
//   ...
//
// A key is one word: the block's address, in the bits that an address of an allocator can have, and around them a state.
//
//   63 .. 48 | 47 ...... 3 | 2 1 | 0
//   sequence | address     |     | busy
//
// busy: the slot is taken and its sample is being written. sequence: counts the uses of the slot, so that a reader who finds the same key
// before and after has read one sample and not half of two.
//
// A level goes from open to closed when the ones below have room enough: nothing is added to it any more. When it is empty its pages go
// back (gone), and it is opened anew when it is needed again. While that is being found out (emptying) it can not be opened.

#include "live_table.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum { WINDOW = 16, LEVEL_0_SLOTS = 1024, LEVELS_FOR_DOUBLING = 6 };
#define ADDRESS_BITS ((uint64_t)0xfffffffffff8)
#define BUSY ((uint64_t)1)
#define SEQUENCE_ONE ((uint64_t)1 << 48)
#define SEQUENCE_BITS ((uint64_t)0xffff << 48)

// The filter has this many counters a sample at least before it grows, and then four times as many as it had.
enum { LEAST_COUNTERS = 8, GROWTH = 4 };

struct live_slot {
    _Atomic(struct stack *) stack;
    _Atomic size_t size_bytes;
    _Atomic uint64_t weight; // bits of a double
};

enum level_state { LEVEL_OPEN, LEVEL_CLOSED, LEVEL_EMPTYING, LEVEL_GONE };

// At the start of a page of its own; keys and slots follow on the next one.
struct live_level {
    size_t slot_count;
    _Atomic uint32_t state;
    _Atomic uint64_t *keys;
    struct live_slot *slots;
};

enum { HEAD_BYTES = 4096 };

static size_t body_bytes(size_t slot_count) {
    return slot_count * (sizeof(uint64_t) + sizeof(struct live_slot));
}

static void fill_others(struct live_table *table) {
    if (table->others != NULL) {
        table->others(&table->filter);
    }
}

bool live_table_open(struct live_table *table, struct memory_budget *budget, void (*others)(struct block_filter *filter)) {
    atomic_store(&table->level_count, 0);
    memset(table->levels, 0, sizeof table->levels);
    table->budget = budget;
    table->others = others;
    if (!block_filter_begin(&table->filter, LIVE_TABLE_FILTER_BYTES, budget)) {
        return false;
    }
    fill_others(table);
    block_filter_finish(&table->filter);
    return true;
}

void live_table_close(struct live_table *table) {
    for (int i = 0; i < LIVE_TABLE_LEVELS; i++) {
        struct live_level *level = atomic_load(&table->levels[i]);
        if (level != NULL) {
            bool gone = atomic_load(&level->state) == LEVEL_GONE;
            memory_budget_give(table->budget, HEAD_BYTES + (gone ? 0 : body_bytes(level->slot_count)));
            munmap(level, HEAD_BYTES + body_bytes(level->slot_count));
        }
    }
    block_filter_close(&table->filter, table->budget);
    atomic_store(&table->level_count, 0);
    memset(table->levels, 0, sizeof table->levels);
}

// The window of an address in every level, and the slot in it to look at first.
struct probe {
    uint64_t window;
    size_t first;
};

static struct probe probe_of(uint64_t address) {
    uint64_t hash = (address >> 3) * 0x9e3779b97f4a7c15u;
    return (struct probe){hash >> 32, hash >> 28 & (WINDOW - 1)};
}

static size_t slot_of(const struct live_level *level, struct probe probe, size_t i) {
    return (probe.window & (level->slot_count - WINDOW)) + ((probe.first + i) & (WINDOW - 1)); // slot_count is a power of two
}

// ---- Levels ----

// How many there are. All that are not open hold what was added before.
static int level_count(const struct live_table *table) {
    return atomic_load_explicit(&table->level_count, memory_order_acquire);
}

static struct live_level *level_at(const struct live_table *table, int i) {
    return atomic_load_explicit(&table->levels[i], memory_order_acquire);
}

static bool is_open(const struct live_level *level) {
    return atomic_load_explicit(&level->state, memory_order_acquire) == LEVEL_OPEN;
}

// Makes level number i. Several threads may try; one wins, the others find its level.
static bool make(struct live_table *table, int i, size_t slot_count) {
    size_t size = HEAD_BYTES + body_bytes(slot_count);
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
    level->keys = (void *)((uint8_t *)level + HEAD_BYTES);
    level->slots = (void *)(level->keys + slot_count);
    struct live_level *none = NULL;
    if (!atomic_compare_exchange_strong(&table->levels[i], &none, level)) {
        munmap(level, size);
        memory_budget_give(table->budget, size);
    }
    // By whoever comes: the one that made it may be slow, or have stayed behind in the process that this one was forked from.
    atomic_compare_exchange_strong(&table->level_count, &i, i + 1);
    return true;
}

static bool open_again(struct live_table *table, struct live_level *level) {
    uint32_t state = LEVEL_CLOSED;
    if (atomic_compare_exchange_strong(&level->state, &state, LEVEL_OPEN) || state == LEVEL_OPEN) {
        return true;
    }
    size_t size = body_bytes(level->slot_count);
    if (state != LEVEL_GONE || !memory_budget_take(table->budget, size)) {
        return false;
    }
    if (!atomic_compare_exchange_strong(&level->state, &state, LEVEL_OPEN)) {
        memory_budget_give(table->budget, size); // somebody else has
    }
    return true;
}

// How many slots there are in all levels.
static size_t all_slots(const struct live_table *table) {
    size_t slots = 0;
    for (int i = 0; i < level_count(table); i++) {
        slots += level_at(table, i)->slot_count;
    }
    return slots;
}

// One more level to add to, which doubles the table. Where that is not to be had, less is better than nothing; but not so little that the
// levels are used up by it, the last of which are for doubling alone.
static bool grow(struct live_table *table) {
    int count = level_count(table);
    for (int i = 0; i < count; i++) {
        if (!is_open(level_at(table, i)) && open_again(table, level_at(table, i))) {
            return true;
        }
    }
    size_t slots = LEVEL_0_SLOTS, there = all_slots(table);
    while (slots <= there) {
        slots *= 2;
    }
    size_t least = count < LIVE_TABLE_LEVELS - LEVELS_FOR_DOUBLING && slots / 4 >= LEVEL_0_SLOTS ? slots / 4 : slots;
    bool made = false;
    for (; !made && count < LIVE_TABLE_LEVELS && slots >= least; slots /= 2) {
        made = make(table, count, slots);
    }
    return made;
}

// ---- Adding ----

// The slot is ours: its key is busy.
static void write_slot(struct live_slot *slot, const struct live_sample *sample) {
    atomic_thread_fence(memory_order_release); // a reader that sees a new value below also sees that the key was not alive before
    uint64_t weight;
    memcpy(&weight, &sample->weight, sizeof weight);
    atomic_store_explicit(&slot->stack, sample->stack, memory_order_relaxed);
    atomic_store_explicit(&slot->size_bytes, sample->size_bytes, memory_order_relaxed);
    atomic_store_explicit(&slot->weight, weight, memory_order_relaxed);
}

static inline __attribute__((always_inline)) bool add_to_level(struct live_level *level, uint64_t address,
                                                               const struct live_sample *sample) {
    struct probe probe = probe_of(address);
    for (size_t i = 0; i < WINDOW; i++) {
        size_t at = slot_of(level, probe, i);
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

static bool add_to_some_level(struct live_table *table, uint64_t address, const struct live_sample *sample) {
    for (int i = level_count(table) - 1; i >= 0; i--) {
        struct live_level *level = level_at(table, i);
        if (is_open(level) && add_to_level(level, address, sample)) {
            return true;
        }
    }
    return false;
}

// The newest level has no room at this window.
static __attribute__((noinline)) bool add_slowly(struct live_table *table, uint64_t address, const struct live_sample *sample,
                                                 struct block_counts *counted) {
    // The second time round a new level was full at this window already: other threads are quicker than we are; give up in the end.
    for (int tried = 0; tried < 3; tried++) {
        if (add_to_some_level(table, address, sample)) {
            return true;
        }
        if (!grow(table)) {
            break;
        }
    }
    block_filter_remove(counted, (const void *)(uintptr_t)address);
    return false;
}

bool live_table_add(struct live_table *table, const void *block, const struct live_sample *sample) {
    uint64_t address = (uintptr_t)block;
    if ((address & ~ADDRESS_BITS) != 0) {
        return false;
    }
    // First of all: whoever frees the block must not be told that it is not here.
    struct block_counts *counted = block_filter_add(&table->filter, block);
    int count = level_count(table);
    struct live_level *newest = count != 0 ? level_at(table, count - 1) : NULL;
    return (newest != NULL && is_open(newest) && add_to_level(newest, address, sample)) || add_slowly(table, address, sample, counted);
}

// ---- Finding ----

static void read_slot(const struct live_slot *slot, struct live_sample *sample) {
    uint64_t weight = atomic_load_explicit(&slot->weight, memory_order_relaxed);
    sample->stack = atomic_load_explicit(&slot->stack, memory_order_relaxed);
    sample->size_bytes = atomic_load_explicit(&slot->size_bytes, memory_order_relaxed);
    memcpy(&sample->weight, &weight, sizeof weight);
}

// True: the block was in this level, and is no more.
static bool remove_from_level(struct live_level *level, uint64_t address, struct live_sample *sample) {
    struct probe probe = probe_of(address);
    for (size_t i = 0; i < WINDOW; i++) {
        size_t at = slot_of(level, probe, i);
        uint64_t key = atomic_load_explicit(&level->keys[at], memory_order_acquire);
        if ((key & ~SEQUENCE_BITS) != address) {
            continue;
        }
        read_slot(&level->slots[at], sample);
        // A program that frees a block twice at the same time gets here twice: one of them has it.
        return atomic_compare_exchange_strong_explicit(&level->keys[at], &key, key & SEQUENCE_BITS, memory_order_release,
                                                       memory_order_relaxed);
    }
    return false;
}

bool live_table_remove(struct live_table *table, const void *block, struct live_sample *sample) {
    uint64_t address = (uintptr_t)block;
    int levels = address != 0 ? level_count(table) : 0; // an empty slot has the address 0
    // Before the block is gone: a filter that comes to be the present one after that may not have counted it.
    struct block_counts *counted = block_filter_present(&table->filter);
    for (int i = levels - 1; i >= 0; i--) {
        if (remove_from_level(level_at(table, i), address, sample)) {
            block_filter_remove(counted, block);
            return true;
        }
    }
    return false;
}

static bool is_alive(uint64_t key) {
    return (key & ADDRESS_BITS) != 0 && (key & BUSY) == 0;
}

static void each_of_level(const struct live_level *level, void (*visit)(const struct live_sample *, void *), void *context) {
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

static bool is_gone(const struct live_level *level) {
    return atomic_load_explicit(&level->state, memory_order_acquire) == LEVEL_GONE;
}

void live_table_each(const struct live_table *table, void (*visit)(const struct live_sample *sample, void *context), void *context) {
    for (int i = level_count(table) - 1; i >= 0; i--) {
        const struct live_level *level = level_at(table, i);
        if (!is_gone(level)) { // reading would make its pages resident again
            each_of_level(level, visit, context);
        }
    }
}

static size_t taken_slots(const struct live_level *level) {
    size_t taken = 0;
    for (size_t at = 0; !is_gone(level) && at < level->slot_count; at++) {
        taken += (atomic_load_explicit(&level->keys[at], memory_order_relaxed) & ~SEQUENCE_BITS) != 0;
    }
    return taken;
}

uint64_t live_table_count(const struct live_table *table) {
    uint64_t count = 0;
    for (int i = level_count(table) - 1; i >= 0; i--) {
        count += taken_slots(level_at(table, i));
    }
    return count;
}

// ---- Tidying up ----

// Closes the last open level if those below it could hold four times what is alive.
static void close_last(struct live_table *table, uint64_t alive) {
    size_t below = 0;
    struct live_level *last = NULL;
    for (int i = 0; i < level_count(table); i++) {
        struct live_level *level = level_at(table, i);
        if (is_open(level)) {
            below += last != NULL ? last->slot_count : 0;
            last = level;
        }
    }
    if (last != NULL && alive <= below / 4) {
        uint32_t open = LEVEL_OPEN;
        atomic_compare_exchange_strong(&last->state, &open, LEVEL_CLOSED);
    }
}

// True: there are levels to be given back.
static bool begin_emptying(struct live_table *table) {
    bool some = false;
    for (int i = 0; i < level_count(table); i++) {
        struct live_level *level = level_at(table, i);
        uint32_t closed = LEVEL_CLOSED;
        // One that was left in this state by a thread of the process that this one was forked from begins anew.
        bool empty = !is_open(level) && !is_gone(level) && taken_slots(level) == 0;
        some |= empty && (atomic_compare_exchange_strong(&level->state, &closed, LEVEL_EMPTYING) || closed == LEVEL_EMPTYING);
    }
    return some;
}

static void give_back(struct live_table *table, bool settled) {
    for (int i = 0; i < level_count(table); i++) {
        struct live_level *level = level_at(table, i);
        size_t size = body_bytes(level->slot_count);
        if (atomic_load(&level->state) != LEVEL_EMPTYING) {
            continue;
        }
        // A sample may have come before the level was closed.
        if (!settled || taken_slots(level) != 0 || madvise((uint8_t *)level + HEAD_BYTES, size, MADV_DONTNEED) != 0) {
            atomic_store(&level->state, LEVEL_CLOSED);
            continue;
        }
        atomic_store(&level->state, LEVEL_GONE);
        memory_budget_give(table->budget, size); // after it: whoever forks in between gives too little, and not twice
    }
}

static bool begin_growing(struct live_table *table, uint64_t alive) {
    size_t counters = block_filter_size(&table->filter);
    if (alive <= counters / LEAST_COUNTERS) {
        return block_filter_grows(&table->filter);
    }
    while (counters / LEAST_COUNTERS < alive) {
        counters *= GROWTH;
    }
    return block_filter_grows(&table->filter) || block_filter_begin(&table->filter, counters, table->budget);
}

bool live_table_wants_tidying(const struct live_table *table) {
    size_t slots = 0;
    for (int i = 0; i < level_count(table); i++) {
        slots += is_open(level_at(table, i)) ? level_at(table, i)->slot_count : 0;
    }
    return slots / 2 > block_filter_size(&table->filter) / LEAST_COUNTERS; // half of them are in use
}

static void fill_filter(struct live_table *table) {
    for (int i = level_count(table) - 1; i >= 0; i--) {
        const struct live_level *level = level_at(table, i);
        for (size_t at = 0; !is_gone(level) && at < level->slot_count; at++) {
            uint64_t address = atomic_load_explicit(&level->keys[at], memory_order_acquire) & ADDRESS_BITS;
            if (address != 0) {
                block_filter_fill(&table->filter, (const void *)(uintptr_t)address);
            }
        }
    }
    fill_others(table);
}

void live_table_tidy(struct live_table *table, bool (*settle)(void *context), void *context) {
    uint64_t alive = live_table_count(table);
    close_last(table, alive);
    bool emptying = begin_emptying(table), growing = begin_growing(table, alive);
    if (!emptying && !growing) {
        return;
    }
    bool settled = settle(context);
    give_back(table, settled);
    if (growing && settled) {
        fill_filter(table);
        block_filter_finish(&table->filter);
    }
}
