// number_map.c: a hash table with linear probing, at most half full (number_map.h).
#include "number_map.h"

#include "../merge/intern.h"
#include "../merge/memory.h"

struct number_slot {
    uint64_t number;
    uint32_t value; // + 1; 0: free
};

static size_t home(const struct number_map *map, uint64_t number) {
    return intern_hash_end(intern_hash_word(map->seed, number)) & map->mask;
}

static size_t find(const struct number_map *map, uint64_t number) {
    size_t at = home(map, number);
    while (map->slots[at].value != 0 && map->slots[at].number != number) {
        at = (at + 1) & map->mask;
    }
    return at;
}

uint32_t number_map_get(const struct number_map *map, uint64_t number) {
    return map->slots ? map->slots[find(map, number)].value - 1 : NUMBER_MAP_NONE;
}

static bool grow(struct number_map *map) {
    enum { FIRST_SLOTS = 16 };
    size_t slots = map->slots ? (map->mask + 1) * 2 : FIRST_SLOTS;
    struct number_map larger = {.mask = slots - 1, .count = map->count, .seed = map->slots ? map->seed : intern_seed()};
    larger.slots = slots > UINT32_MAX ? NULL : memory_take_zeroed(slots, sizeof *larger.slots);
    if (!larger.slots) {
        return false;
    }
    for (size_t i = 0; map->slots && i <= map->mask; i++) {
        if (map->slots[i].value != 0) {
            larger.slots[find(&larger, map->slots[i].number)] = map->slots[i];
        }
    }
    memory_free(map->slots);
    *map = larger;
    return true;
}

bool number_map_put(struct number_map *map, uint64_t number, uint32_t value) {
    if ((!map->slots || map->count * 2 > map->mask) && !grow(map)) {
        return false;
    }
    map->slots[find(map, number)] = (struct number_slot){number, value + 1};
    map->count++;
    return true;
}

// What follows without a gap moves up, unless it would come before its home.
void number_map_remove(struct number_map *map, uint64_t number) {
    size_t hole = find(map, number);
    for (size_t at = (hole + 1) & map->mask; map->slots[at].value != 0; at = (at + 1) & map->mask) {
        if (((at - home(map, map->slots[at].number)) & map->mask) >= ((at - hole) & map->mask)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole].value = 0;
    map->count--;
}

void number_map_free(struct number_map *map) {
    memory_free(map->slots);
    *map = (struct number_map){0};
}
