// intern.c: growth of the hash table of intern.h, see also there for threads and memory.
#include "intern.h"

#include "../base/clock.h"
#include "../base/check.h"
#include "memory.h"

#include <sys/random.h>

static void insert(struct intern_slot *slots, uint32_t mask, struct intern_slot entry) {
    uint32_t at = entry.hash & mask;
    while (slots[at].id != 0) {
        at = (at + 1) & mask;
    }
    slots[at] = entry;
}

// The table is at most half full, so ids are at most slots / 2.
static bool grow_order(struct intern *table, size_t slots) {
    uint32_t *after = memory_resize(table->after, (slots / 2 + 2) * sizeof *after);
    if (!after) {
        return false;
    }
    size_t from = table->slots ? ((size_t)table->mask + 1) / 2 + 2 : 0;
    memset(after + from, 0, (slots / 2 + 2 - from) * sizeof *after);
    table->after = after;
    return true;
}

// To so many slots, a power of two.
static bool grow_to(struct intern *table, size_t size) {
    if (size > (size_t)1 << 31) {
        return false;
    }
    if (table->after && !grow_order(table, size)) {
        return false;
    }
    struct intern_slot *slots = memory_take_resident(size, sizeof *slots);
    if (!slots) {
        return false;
    }
    for (size_t at = 0; table->slots && at <= table->mask; at++) {
        if (table->slots[at].id != 0) {
            insert(slots, (uint32_t)size - 1, table->slots[at]);
        }
    }
    memory_free(table->slots);
    table->slots = slots;
    table->mask = (uint32_t)size - 1;
    return true;
}

static bool grow(struct intern *table) {
    return grow_to(table, table->slots ? ((size_t)table->mask + 1) * 2 : 64);
}

bool intern_reserve(struct intern *table, size_t count) {
    size_t size = 64;
    while (size / 2 <= count) {
        size *= 2;
    }
    return (table->slots && size <= (size_t)table->mask + 1) || grow_to(table, size);
}

bool intern_order(struct intern *table) {
    return grow_order(table, 64) && grow(table);
}

bool intern_add(struct intern *table, uint32_t hash, uint32_t id) {
    CHECK(id != 0 && (!table->after || id == table->count + 1)); // ordered: 1, 2, 3, ...
    if ((!table->slots || table->count >= table->mask / 2) && !grow(table)) {
        return false;
    }
    insert(table->slots, table->mask, (struct intern_slot){hash, id});
    table->count++;
    if (table->after) {
        table->after[id] = table->after[table->last];
        table->last = table->after[table->last] = id;
    }
    return true;
}

void intern_free(struct intern *table) {
    memory_free(table->slots);
    memory_free(table->after);
    *table = (struct intern){0};
}

uint64_t intern_seed(void) {
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed) {
        return seed;
    }
    // Early at boot, or in a sandbox that forbids the call: weaker, but different each time.
    return intern_hash_word(clock_ns(CLOCK_MONOTONIC), (uint64_t)(uintptr_t)&seed);
}
