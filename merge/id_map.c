// id_map.c: see id_map.h, also for threads and memory.
#include "id_map.h"
#include "../base/check.h"

#include "intern.h"
#include "memory.h"

#include <string.h>

struct id_map_entry {
    uint64_t id;
    uint32_t value; // 0: free
};

bool id_map_init(struct id_map *map, size_t entries, uint64_t seed) {
    if (entries + 1 > map->dense_capacity) {
        memory_free(map->dense);
        map->dense_capacity = entries + 1 + entries / 4;
        map->dense = memory_take(map->dense_capacity * sizeof *map->dense);
        if (!map->dense) {
            map->dense_capacity = map->dense_count = 0;
            return false;
        }
    }
    map->dense_count = entries + 1;
    memset(map->dense, 0, map->dense_count * sizeof *map->dense);
    map->seed = seed;
    map->sparse_mask = 0;
    return true;
}

void id_map_free(struct id_map *map) {
    memory_free(map->dense);
    memory_free(map->sparse);
    *map = (struct id_map){0};
}

// The entry of this id, or the free entry for it.
static struct id_map_entry *find(const struct id_map *map, uint64_t id) {
    size_t at = intern_hash_end(intern_hash_word(map->seed, id)) & map->sparse_mask;
    while (map->sparse[at].value != 0 && map->sparse[at].id != id) {
        at = (at + 1) & map->sparse_mask;
    }
    return &map->sparse[at];
}

uint32_t id_map_get_sparse(const struct id_map *map, uint64_t id) {
    return map->sparse_mask != 0 ? find(map, id)->value : 0;
}

static bool make_sparse(struct id_map *map) {
    size_t size = 16;
    while (size < map->dense_count * 2) {
        size *= 2;
    }
    if (size > map->sparse_capacity) {
        memory_free(map->sparse);
        map->sparse = memory_take(size * sizeof *map->sparse);
        map->sparse_capacity = map->sparse ? size : 0;
        if (!map->sparse) {
            return false;
        }
    }
    memset(map->sparse, 0, size * sizeof *map->sparse);
    map->sparse_mask = size - 1;
    return true;
}

enum id_map_result id_map_put(struct id_map *map, uint64_t id, uint32_t value) {
    CHECK(value != 0);
    if (id < map->dense_count) {
        if (map->dense[id] != 0) {
            return ID_MAP_TWICE;
        }
        map->dense[id] = value;
        return ID_MAP_OK;
    }
    if (map->sparse_mask == 0 && !make_sparse(map)) {
        return ID_MAP_NO_MEMORY;
    }
    struct id_map_entry *entry = find(map, id);
    if (entry->value != 0) {
        return ID_MAP_TWICE;
    }
    *entry = (struct id_map_entry){id, value};
    return ID_MAP_OK;
}
