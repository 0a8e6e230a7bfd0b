// id_map.c: see id_map.h. Threads and memory: as said there.
#include "id_map.h"

#include "intern.h"

#include <stdlib.h>

struct id_map_entry {
    uint64_t id;
    uint32_t value; // 0: free
};

bool id_map_init(struct id_map *map, size_t entries, uint64_t seed) {
    *map = (struct id_map){.dense_count = entries + 1, .seed = seed};
    map->dense = calloc(map->dense_count, sizeof *map->dense);
    return map->dense != NULL;
}

void id_map_free(struct id_map *map) {
    free(map->dense);
    free(map->sparse);
    *map = (struct id_map){0};
}

// The entry of this id, or the free one where it belongs.
static struct id_map_entry *find(const struct id_map *map, uint64_t id) {
    size_t at = intern_hash_end(intern_hash_word(map->seed, id)) & map->sparse_mask;
    while (map->sparse[at].value != 0 && map->sparse[at].id != id)
        at = (at + 1) & map->sparse_mask;
    return &map->sparse[at];
}

uint32_t id_map_get_sparse(const struct id_map *map, uint64_t id) {
    return map->sparse ? find(map, id)->value : 0;
}

static bool make_sparse(struct id_map *map) {
    size_t size = 16;
    while (size < map->dense_count * 2)
        size *= 2;
    map->sparse = calloc(size, sizeof *map->sparse);
    map->sparse_mask = size - 1;
    return map->sparse != NULL;
}

enum id_map_result id_map_put(struct id_map *map, uint64_t id, uint32_t value) {
    if (id < map->dense_count) {
        if (map->dense[id] != 0)
            return ID_MAP_TWICE;
        map->dense[id] = value;
        return ID_MAP_OK;
    }
    if (!map->sparse && !make_sparse(map))
        return ID_MAP_NO_MEMORY;
    struct id_map_entry *entry = find(map, id);
    if (entry->value != 0)
        return ID_MAP_TWICE;
    *entry = (struct id_map_entry){id, value};
    return ID_MAP_OK;
}
