// live_table.c (tables): open addressing within windows of 16 slots, in levels, in each part.
//
//   level 0:  128 slots   A block hashes to one window per level, 16 slots of half a cache line, and to a first slot in it. It is added to
//   level 1:  256 slots   the newest level with a free slot in its window, and searched for in all levels. If no level has one, a level of
//   ...                   twice the size is added.
//
// A key is one word: the block's address, in the bits that an allocator's address can have, and above them a sequence number, incremented
// with each use of the slot. A reader that sees the same key before and after has thus read one sample and not parts of two. Address 0:
// free.
//
// A slot has one writer at a time: while free, the thread that may add to the part; otherwise the thread that frees the block. A program
// with a double free has two. The filter's counter, or for shared counters the key, is changed by compare-and-swap, which decides which of
// them removed the block. (If the block is reused and sampled in between, that sample's slot may be cleared: it counts as freed.)
//
// A level is open until the levels below have enough capacity, then closed: nothing is added to it. Once empty its pages are returned
// (gone), and it is reopened when needed again. While its emptiness is being checked (emptying) it cannot be opened.

#include "live_table.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "../base/page.h"

enum { WINDOW = 16, LEVEL_0_SLOTS = 128, LEVELS_FOR_DOUBLING = 6 };
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define ADDRESS_BITS ((uint64_t)0xfffffffffff8)
#define SEQUENCE_ONE ((uint64_t)1 << 48)
#define SEQUENCE_BITS ((uint64_t)0xffff << 48)

// The filter has at least this many counters per sample before it grows, and then four times its previous size.
enum { MIN_COUNTERS = 16, GROWTH = 4 };

struct live_slot { // half a cache line
    _Atomic uint64_t key;
    _Atomic(struct stack *) stack;
    _Atomic size_t size_bytes;
    _Atomic uint64_t birth_and_weight; // seconds; below them the bits of a float
};

enum level_state { LEVEL_OPEN, LEVEL_CLOSED, LEVEL_EMPTYING, LEVEL_GONE };

// At the start of a page; the slots begin on the next page.
struct live_level {
    size_t slot_count;
    _Atomic uint32_t state;
    struct live_slot *slots;
};

enum { HEAD_BYTES = 4096 };

static size_t body_bytes(size_t slot_count) {
    return slot_count * sizeof(struct live_slot);
}

static void fill_others(struct live_table *table) {
    if (table->others) {
        table->others(&table->filter);
    }
}

bool live_table_open(struct live_table *table, struct memory_budget *budget, void (*others)(struct block_filter *filter)) {
    memset(table->parts, 0, sizeof table->parts);
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
    for (int i = 0; i < LIVE_TABLE_PARTS * LIVE_TABLE_LEVELS; i++) {
        struct live_level *level = atomic_load(&table->parts[i / LIVE_TABLE_LEVELS].levels[i % LIVE_TABLE_LEVELS]);
        if (level) {
            bool gone = atomic_load(&level->state) == LEVEL_GONE;
            memory_budget_give(table->budget, HEAD_BYTES + (gone ? 0 : body_bytes(level->slot_count)));
            munmap(level, HEAD_BYTES + body_bytes(level->slot_count));
        }
    }
    block_filter_close(&table->filter, table->budget);
    memset(table->parts, 0, sizeof table->parts);
}

// A block's window in every level, and its first slot there.
struct probe {
    uint64_t window;
    size_t first;
};

static inline struct probe probe_of(uint64_t address) {
    uint64_t hash = (address >> 3) * 0x9e3779b97f4a7c15u;
    return (struct probe){hash >> 32, hash >> 28 & (WINDOW - 1)};
}

static inline struct live_slot *slot_of(const struct live_level *level, struct probe probe, size_t i) {
    return &level->slots[(probe.window & (level->slot_count - WINDOW)) + ((probe.first + i) & (WINDOW - 1))]; // a power of two
}

// ---- Levels ----

// The number of levels. Levels that are not open keep their earlier samples.
static inline int level_count(const struct live_part *part) {
    return atomic_load_explicit(&part->level_count, memory_order_acquire);
}

static inline struct live_level *level_at(const struct live_part *part, int i) {
    return atomic_load_explicit(&part->levels[i], memory_order_acquire);
}

static inline struct live_level *newest_of(const struct live_part *part) {
    return atomic_load_explicit(&part->newest, memory_order_acquire);
}

static inline bool is_open(const struct live_level *level) {
    return atomic_load_explicit(&level->state, memory_order_acquire) == LEVEL_OPEN;
}

static struct live_level *new_level(struct memory_budget *budget, size_t slot_count) {
    size_t size = HEAD_BYTES + body_bytes(slot_count);
    if (!memory_budget_take(budget, size)) {
        return NULL;
    }
    int saved = errno;
    struct live_level *level = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    errno = saved;
    if (level == MAP_FAILED) {
        memory_budget_give(budget, size);
        return NULL;
    }
    level->slot_count = slot_count;
    level->slots = (void *)((uint8_t *)level + HEAD_BYTES);
    return level;
}

// Makes level i, or takes over one that was under construction when the process forked.
static bool make(struct live_table *table, struct live_part *part, int i, size_t slot_count) {
    if (!level_at(part, i)) {
        atomic_store(&part->levels[i], new_level(table->budget, slot_count));
    }
    if (!level_at(part, i)) {
        return false;
    }
    atomic_store(&part->level_count, i + 1);
    atomic_store(&part->newest, level_at(part, i));
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
        memory_budget_give(table->budget, size); // another thread has
    }
    return true;
}

// The number of slots in all levels.
static size_t all_slots(const struct live_part *part) {
    size_t slots = 0;
    for (int i = 0; i < level_count(part); i++) {
        slots += level_at(part, i)->slot_count;
    }
    return slots;
}

// Adds a level, which doubles the part. If that much is not available, a smaller level is better than none, but not so small that the
// levels run out: the last ones are reserved for doubling.
static bool grow(struct live_table *table, struct live_part *part) {
    int count = level_count(part);
    for (int i = 0; i < count; i++) {
        if (!is_open(level_at(part, i)) && open_again(table, level_at(part, i))) {
            return true;
        }
    }
    size_t slots = LEVEL_0_SLOTS, there = all_slots(part);
    while (slots <= there) {
        slots *= 2;
    }
    size_t min_slots = count < LIVE_TABLE_LEVELS - LEVELS_FOR_DOUBLING && slots / 4 >= LEVEL_0_SLOTS ? slots / 4 : slots;
    bool made = false;
    for (; !made && count < LIVE_TABLE_LEVELS && slots >= min_slots; slots /= 2) {
        made = make(table, part, count, slots);
    }
    return made;
}

// ---- Adding ----

// Caller must hold the part; the slot is free.
static inline __attribute__((always_inline)) void write_slot(struct live_slot *slot, const struct live_sample *sample) {
    atomic_thread_fence(memory_order_release); // a reader that sees a new value below also sees that the key was not live before
    float weight = (float)sample->weight;
    uint32_t weight_bits;
    memcpy(&weight_bits, &weight, sizeof weight);
    atomic_store_explicit(&slot->stack, sample->stack, memory_order_relaxed);
    atomic_store_explicit(&slot->size_bytes, sample->size_bytes, memory_order_relaxed);
    atomic_store_explicit(&slot->birth_and_weight, (uint64_t)sample->birth_s << 32 | weight_bits, memory_order_relaxed);
}

static inline bool add_to_slot(struct live_slot *slot, uint64_t address, const struct live_sample *sample) {
    uint64_t key = atomic_load_explicit(&slot->key, memory_order_acquire);
    if ((key & ADDRESS_BITS) != 0) {
        return false;
    }
    write_slot(slot, sample);
    atomic_store_explicit(&slot->key, address | (key + SEQUENCE_ONE), memory_order_release);
    return true;
}

static bool add_to_some_level(struct live_part *part, uint64_t address, const struct live_sample *sample) {
    struct probe probe = probe_of(address);
    for (int i = level_count(part) - 1; i >= 0; i--) {
        struct live_level *level = level_at(part, i);
        for (size_t j = 0; j < WINDOW && is_open(level); j++) {
            if (add_to_slot(slot_of(level, probe, j), address, sample)) {
                return true;
            }
        }
    }
    return false;
}

// The first slot is taken.
static __attribute__((noinline)) bool put_slow(struct live_table *table, struct live_part *part, const void *block,
                                               const struct live_sample *sample, struct block_counts *counted) {
    uint64_t address = (uintptr_t)block;
    bool possible = (address & ~ADDRESS_BITS) == 0;
    bool added = possible && add_to_some_level(part, address, sample);
    // A reopened level may be full in this window, or closed again by live_table_tidy.
    for (int tries = 0; possible && !added && tries < 3 && grow(table, part); tries++) {
        added = add_to_some_level(part, address, sample);
    }
    if (!added) {
        block_filter_remove(counted, block);
    }
    return added;
}

bool live_table_put(struct live_table *table, unsigned part_number, const void *block, const struct live_sample *sample,
                    struct block_counts *counted) {
    uint64_t address = (uintptr_t)block;
    struct live_part *part = &table->parts[part_number];
    struct live_level *newest = newest_of(part);
    bool added = LIKELY(newest && is_open(newest) && (address & ~ADDRESS_BITS) == 0) &&
                 LIKELY(add_to_slot(slot_of(newest, probe_of(address), 0), address, sample));
    return added || put_slow(table, part, block, sample, counted);
}

bool live_table_add(struct live_table *table, unsigned part, const void *block, const struct live_sample *sample) {
    // Count first: a thread that frees the block must not be told that it is not here.
    struct block_counts *counted = block_filter_add(&table->filter, block, live_table_tag(part));
    return live_table_put(table, part, block, sample, counted);
}

// ---- Finding ----

static inline void read_slot(const struct live_slot *slot, struct live_sample *sample) {
    if (!sample) {
        return;
    }
    uint64_t both = atomic_load_explicit(&slot->birth_and_weight, memory_order_relaxed);
    uint32_t weight_bits = (uint32_t)both;
    float weight;
    memcpy(&weight, &weight_bits, sizeof weight);
    sample->stack = atomic_load_explicit(&slot->stack, memory_order_relaxed);
    sample->size_bytes = atomic_load_explicit(&slot->size_bytes, memory_order_relaxed);
    sample->weight = weight;
    sample->birth_s = (uint32_t)(both >> 32);
}

static inline bool is_of(const struct live_slot *slot, uint64_t address, uint64_t *key) {
    *key = atomic_load_explicit(&slot->key, memory_order_acquire);
    return (*key & ~SEQUENCE_BITS) == address;
}

// Returns NULL if it is not there. *key is what was read.
static struct live_slot *find(const struct live_part *part, uint64_t address, uint64_t *key) {
    struct probe probe = probe_of(address);
    for (int i = level_count(part) - 1; i >= 0; i--) {
        for (size_t j = 0; j < WINDOW; j++) {
            struct live_slot *slot = slot_of(level_at(part, i), probe, j);
            if (is_of(slot, address, key)) {
                return slot;
            }
        }
    }
    return NULL;
}

// The counter is, or was, shared with other blocks.
static bool remove_from_any(struct live_table *table, uint64_t address, struct live_sample *sample, struct block_counts *counted) {
    for (int i = 0; i < LIVE_TABLE_PARTS; i++) {
        uint64_t key;
        struct live_slot *slot = find(&table->parts[i], address, &key);
        if (!slot) {
            continue;
        }
        read_slot(slot, sample);
        if (!atomic_compare_exchange_strong_explicit(&slot->key, &key, key & SEQUENCE_BITS, memory_order_release, memory_order_relaxed)) {
            return false;
        }
        block_filter_remove(counted, (const void *)(uintptr_t)address);
        return true;
    }
    return false;
}

// The counter stands for this block alone, in the part of its tag. If this returns false, *tag is the counter's new value.
static inline bool remove_only(struct live_slot *slot, uint64_t key, _Atomic uint8_t *count, uint8_t *tag, struct live_sample *sample) {
    read_slot(slot, sample);
    if (!LIKELY(atomic_compare_exchange_strong_explicit(count, tag, 0, memory_order_relaxed, memory_order_relaxed))) {
        return false;
    }
    atomic_store_explicit(&slot->key, key & SEQUENCE_BITS, memory_order_release);
    return true;
}

// The block is not in its first slot, or shares its counter.
static __attribute__((noinline)) bool remove_slow(struct live_table *table, const void *block, struct live_sample *sample,
                                                  struct block_counts *counted, uint8_t tag) {
    uint64_t address = (uintptr_t)block, key;
    if (tag != 0 && tag <= LIVE_TABLE_PARTS) {
        struct live_slot *slot = find(&table->parts[tag - 1], address, &key);
        if (!slot) {
            return false;
        }
        if (remove_only(slot, key, block_filter_count(counted, block), &tag, sample)) {
            return true;
        }
    }
    // Otherwise it is not in the table, or another thread has removed it.
    return tag >= BLOCK_FILTER_ANYWHERE && remove_from_any(table, address, sample, counted);
}

bool live_table_remove_young(struct live_table *table, const void *block, uint32_t now_s) {
    struct block_counts *counted = block_filter_present(&table->filter);
    _Atomic uint8_t *count = block_filter_count(counted, block);
    uint8_t tag = atomic_load_explicit(count, memory_order_relaxed);
    struct live_level *newest = LIKELY(tag != 0 && tag <= LIVE_TABLE_PARTS) ? newest_of(&table->parts[tag - 1]) : NULL;
    uint64_t address = (uintptr_t)block, key;
    if (!LIKELY(newest && address != 0)) {
        return false;
    }
    struct live_slot *slot = slot_of(newest, probe_of(address), 0);
    return LIKELY(is_of(slot, address, &key)) &&
           LIKELY(atomic_load_explicit(&slot->birth_and_weight, memory_order_relaxed) >> 32 == now_s) &&
           remove_only(slot, key, count, &tag, NULL);
}

bool live_table_remove(struct live_table *table, const void *block, struct live_sample *sample) {
    if (!block) {
        return false; // free slots have address 0
    }
    // Load before the block is gone: a filter that becomes present later may not have counted it.
    struct block_counts *counted = block_filter_present(&table->filter);
    _Atomic uint8_t *count = block_filter_count(counted, block);
    uint8_t tag = atomic_load_explicit(count, memory_order_relaxed);
    struct live_level *newest = LIKELY(tag != 0 && tag <= LIVE_TABLE_PARTS) ? newest_of(&table->parts[tag - 1]) : NULL;
    if (LIKELY(newest)) {
        uint64_t address = (uintptr_t)block, key;
        struct live_slot *slot = slot_of(newest, probe_of(address), 0);
        if (LIKELY(is_of(slot, address, &key))) {
            if (remove_only(slot, key, count, &tag, sample)) {
                return true;
            }
            if (tag < BLOCK_FILTER_ANYWHERE) {
                return false; // another thread has
            }
        }
    }
    return remove_slow(table, block, sample, counted, tag);
}

static bool is_alive(uint64_t key) {
    return (key & ADDRESS_BITS) != 0;
}

static void each_of_level(const struct live_level *level, live_table_visit visit, void *context) {
    for (size_t at = 0; at < level->slot_count; at++) {
        uint64_t before = atomic_load_explicit(&level->slots[at].key, memory_order_acquire);
        if (!is_alive(before)) {
            continue;
        }
        struct live_sample sample;
        read_slot(&level->slots[at], &sample);
        atomic_thread_fence(memory_order_acquire);
        if (atomic_load_explicit(&level->slots[at].key, memory_order_relaxed) == before) {
            visit((uintptr_t)(before & ADDRESS_BITS), &sample, context);
        }
    }
}

// Numbers all levels of all parts. Returns NULL if there is none.
enum { ALL_LEVELS = LIVE_TABLE_PARTS * LIVE_TABLE_LEVELS };

static inline struct live_level *level_number(const struct live_table *table, int number) {
    const struct live_part *part = &table->parts[number / LIVE_TABLE_LEVELS];
    int i = number % LIVE_TABLE_LEVELS;
    return i < level_count(part) ? level_at(part, i) : NULL;
}

static bool is_gone(const struct live_level *level) {
    return atomic_load_explicit(&level->state, memory_order_acquire) == LEVEL_GONE;
}

void live_table_each(const struct live_table *table, live_table_visit visit, void *context) {
    for (int i = 0; i < ALL_LEVELS; i++) {
        const struct live_level *level = level_number(table, i);
        if (level && !is_gone(level)) { // reading it would make its pages resident again
            each_of_level(level, visit, context);
        }
    }
}

static size_t taken_slots(const struct live_level *level) {
    size_t taken = 0;
    for (size_t at = 0; !is_gone(level) && at < level->slot_count; at++) {
        taken += is_alive(atomic_load_explicit(&level->slots[at].key, memory_order_relaxed));
    }
    return taken;
}

static uint64_t alive_in(const struct live_part *part) {
    uint64_t count = 0;
    for (int i = level_count(part) - 1; i >= 0; i--) {
        count += taken_slots(level_at(part, i));
    }
    return count;
}

uint64_t live_table_count(const struct live_table *table) {
    uint64_t count = 0;
    for (int i = 0; i < LIVE_TABLE_PARTS; i++) {
        count += alive_in(&table->parts[i]);
    }
    return count;
}

// ---- Tidying up ----

// Closes the last open level if those below it could hold four times the live blocks.
static void close_last(struct live_part *part, uint64_t alive) {
    size_t below = 0;
    struct live_level *last = NULL;
    for (int i = 0; i < level_count(part); i++) {
        struct live_level *level = level_at(part, i);
        if (is_open(level)) {
            below += last ? last->slot_count : 0;
            last = level;
        }
    }
    if (last && alive <= below / 4) {
        uint32_t open = LEVEL_OPEN;
        atomic_compare_exchange_strong(&last->state, &open, LEVEL_CLOSED);
    }
}

// Returns the number of live blocks.
static uint64_t close_levels(struct live_table *table) {
    uint64_t all = 0;
    for (int i = 0; i < LIVE_TABLE_PARTS; i++) {
        uint64_t alive = alive_in(&table->parts[i]);
        close_last(&table->parts[i], alive);
        all += alive;
    }
    return all;
}

// Returns true if some levels may be returned.
static bool begin_emptying(struct live_table *table) {
    bool some = false;
    for (int i = 0; i < ALL_LEVELS; i++) {
        struct live_level *level = level_number(table, i);
        uint32_t closed = LEVEL_CLOSED;
        // A level left in this state by a thread of the parent process starts over.
        bool empty = level && !is_open(level) && !is_gone(level) && taken_slots(level) == 0;
        some |= empty && (atomic_compare_exchange_strong(&level->state, &closed, LEVEL_EMPTYING) || closed == LEVEL_EMPTYING);
    }
    return some;
}

static void give_back(struct live_table *table, bool settled) {
    for (int i = 0; i < ALL_LEVELS; i++) {
        struct live_level *level = level_number(table, i);
        if (!level || atomic_load(&level->state) != LEVEL_EMPTYING) {
            continue;
        }
        size_t size = body_bytes(level->slot_count);
        // A sample may have been added before the level was closed.
        if (!settled || taken_slots(level) != 0 || page_discard((uint8_t *)level + HEAD_BYTES, size) != 0) {
            atomic_store(&level->state, LEVEL_CLOSED);
            continue;
        }
        atomic_store(&level->state, LEVEL_GONE);
        memory_budget_give(table->budget, size); // after madvise: a fork in between returns too little rather than twice
    }
}

static bool begin_growing(struct live_table *table, uint64_t alive) {
    size_t counters = block_filter_size(&table->filter);
    if (block_filter_grows(&table->filter)) {
        block_filter_restart(&table->filter);
    }
    if (block_filter_grows(&table->filter) || alive <= counters / MIN_COUNTERS) {
        return block_filter_grows(&table->filter);
    }
    while (counters / MIN_COUNTERS < alive) {
        counters *= GROWTH;
    }
    return block_filter_begin(&table->filter, counters, table->budget);
}

bool live_table_needs_tidying(const struct live_table *table) {
    size_t slots = 0;
    if (block_filter_grows(&table->filter)) { // threads were not through with the last one; until then blocks are counted twice
        return true;
    }
    for (int i = 0; i < ALL_LEVELS; i++) {
        const struct live_level *level = level_number(table, i);
        slots += level && is_open(level) ? level->slot_count : 0;
    }
    size_t most = block_filter_size(&table->filter) / MIN_COUNTERS;
    return slots / 2 > most && live_table_count(table) > most; // half of them: each part in use has a level, however little is live
}

static void fill_filter(struct live_table *table) {
    for (int i = 0; i < ALL_LEVELS; i++) {
        const struct live_level *level = level_number(table, i);
        for (size_t at = 0; level && !is_gone(level) && at < level->slot_count; at++) {
            uint64_t address = atomic_load_explicit(&level->slots[at].key, memory_order_acquire) & ADDRESS_BITS;
            if (address != 0) {
                block_filter_fill(&table->filter, (const void *)(uintptr_t)address, live_table_tag((unsigned)(i / LIVE_TABLE_LEVELS)));
            }
        }
    }
    fill_others(table);
}

void live_table_tidy(struct live_table *table, bool (*settle)(void *context), void *context) {
    uint64_t alive = close_levels(table);
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
