// pools.c: finds constants (pools.h).
#include "pools.h"
#include "../base/vector.h"
#include "plan.h"

bool jfr_pools_init(struct jfr_pools *pools, const struct jfr_metadata *metadata, const uint8_t *end) {
    *pools = (struct jfr_pools){.count = metadata->count, .seed = intern_seed(), .end = end, .fixed = metadata->fixed};
    pools->pools = calloc(metadata->count + 1, sizeof *pools->pools);
    return pools->pools;
}

void jfr_pools_free(struct jfr_pools *pools) {
    for (size_t i = 0; pools->pools && i < pools->count; i++) {
        free(pools->pools[i].items);
        free(pools->pools[i].slots);
    }
    free(pools->pools);
    merge_budget_give(pools->counted);
    *pools = (struct jfr_pools){0};
}

static bool take(struct jfr_pools *pools, size_t bytes) {
    bool fits = merge_budget_take(bytes);
    pools->counted += fits ? bytes : 0;
    return fits;
}

static bool grow(struct jfr_pools *pools, struct jfr_pool *pool) {
    size_t before = pool->capacity;
    if (pool->count == UINT32_MAX || !VECTOR_RESERVE(pool->items, pool->capacity, pool->count + 1)) {
        return false;
    }
    return take(pools, (pool->capacity - before) * sizeof *pool->items);
}

const char *jfr_pools_add(struct jfr_pools *pools, struct jfr_metadata *metadata, struct jfr_cursor *cursor, bool *no_memory) {
    *no_memory = false;
    jfr_number(cursor, 8); // start
    jfr_number(cursor, 8); // duration
    jfr_number(cursor, 8); // distance
    jfr_fixed(cursor, 1);  // kind
    uint64_t pool_count = jfr_number(cursor, 4);
    for (uint64_t i = 0; i < pool_count && !cursor->failed; i++) {
        int64_t id = (int64_t)jfr_number(cursor, 8);
        uint64_t count = jfr_number(cursor, 4);
        uint32_t class = jfr_metadata_find(metadata, id);
        if (cursor->failed || count == 0) {
            continue;
        }
        if (class >= pools->count || !metadata->classes[class].name) {
            return "constants of a type that is not in the metadata";
        }
        struct jfr_pool *pool = &pools->pools[class];
        uint32_t skip = jfr_plan_skip(metadata, class);
        *no_memory = skip == 0;
        for (uint64_t at = 0; at < count && !*no_memory; at++) {
            struct jfr_constant constant = {.key = jfr_number(cursor, 8), .at = cursor->at};
            if (cursor->failed || !jfr_plan_run(metadata, skip - 1, cursor, NULL)) {
                return "constants beyond the end of their checkpoint";
            }
            *no_memory = pool->count == pool->capacity && !grow(pools, pool);
            if (!*no_memory) {
                pool->items[pool->count++] = constant;
            }
        }
        if (*no_memory) {
            return "no memory";
        }
        free(pool->slots); // the index is made anew when it is asked
        pool->slots = NULL;
    }
    return cursor->failed ? "constants beyond the end of their checkpoint" : NULL;
}

static size_t slot_of(const struct jfr_pools *pools, uint64_t key) {
    uint64_t hash = intern_hash_word(pools->seed, key);
    return (size_t)(hash ^ hash >> 32);
}

static bool make_index(const struct jfr_pools *pools, struct jfr_pool *pool) {
    size_t size = 16;
    while (size < pool->count + pool->count / 2 + 1) {
        size *= 2;
    }
    pool->slots = calloc(size, sizeof *pool->slots);
    pool->mask = size - 1;
    for (size_t i = 0; pool->slots && i < pool->count; i++) {
        size_t at = slot_of(pools, pool->items[i].key) & pool->mask;
        while (pool->slots[at] != 0 && pool->items[pool->slots[at] - 1].key != pool->items[i].key) {
            at = (at + 1) & pool->mask;
        }
        if (pool->slots[at] == 0) {
            pool->slots[at] = (uint32_t)i + 1;
        }
    }
    return pool->slots;
}

struct jfr_constant *jfr_pools_find(struct jfr_pools *pools, uint32_t class, uint64_t key) {
    struct jfr_pool *pool = class < pools->count ? &pools->pools[class] : NULL;
    if (!pool || pool->count == 0 || (!pool->slots && !make_index(pools, pool))) {
        return NULL;
    }
    for (size_t at = slot_of(pools, key) & pool->mask; pool->slots[at] != 0; at = (at + 1) & pool->mask) {
        struct jfr_constant *constant = &pool->items[pool->slots[at] - 1];
        if (constant->key == key) {
            return constant;
        }
    }
    return NULL;
}
