// range_map.c (tables): see range_map.h.

#include "range_map.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "../base/page.h"
#include "reserved_memory.h"

enum { LEAF_BYTES = 4096, LEAF_RANGES = 102, MAX_LEAVES = 8192 };

struct range_leaf {
    uint32_t count;
    struct mapped_range ranges[LEAF_RANGES];
};
_Static_assert(sizeof(struct range_leaf) <= LEAF_BYTES, "a leaf is a page");

struct range_slot {
    uintptr_t low; // of the leaf's first range
    uint32_t leaf;
};

// A place in the map: the range at index `at` of the leaf in slot `slot`. at may be the leaf's count: behind its last range.
struct place {
    uint32_t slot, at;
};

static size_t directory_bytes(uint32_t leaves) {
    return (leaves * sizeof(struct range_slot) + LEAF_BYTES - 1) / LEAF_BYTES * LEAF_BYTES;
}

static struct range_leaf *leaf_at(const struct range_map *map, uint32_t leaf) {
    return (struct range_leaf *)(map->base + directory_bytes(map->leaf_capacity) + (size_t)leaf * LEAF_BYTES);
}

static struct range_leaf *leaf_in(const struct range_map *map, uint32_t slot) {
    return leaf_at(map, map->directory[slot].leaf);
}

bool range_map_open(struct range_map *map, struct memory_budget *budget) {
    *map = (struct range_map){.share.budget = budget};
    size_t size = reserved_memory_share(directory_bytes(MAX_LEAVES) + (size_t)MAX_LEAVES * LEAF_BYTES);
    map->leaf_capacity = (uint32_t)(size / (LEAF_BYTES + sizeof(struct range_slot) + 1));
    map->reserved_bytes = directory_bytes(map->leaf_capacity) + (size_t)map->leaf_capacity * LEAF_BYTES;
    map->base = map->leaf_capacity != 0 ? reserved_memory_map(map->reserved_bytes) : NULL;
    if (!map->base) {
        *map = (struct range_map){0};
        return false;
    }
    map->directory = (struct range_slot *)map->base;
    return true;
}

void range_map_close(struct range_map *map) {
    if (map->base) {
        memory_share_give(&map->share, (size_t)map->leaf_count * LEAF_BYTES);
        munmap(map->base, map->reserved_bytes);
    }
    *map = (struct range_map){0};
}

// ---- Leaves ----

// Inserts an empty leaf into the directory. Returns NULL if memory runs out.
static struct range_leaf *add_leaf(struct range_map *map, uint32_t slot) {
    uint32_t leaf = map->leaf_count < map->leaves_opened ? map->directory[map->leaf_count].leaf : map->leaves_opened;
    if (leaf == map->leaf_capacity || !memory_share_take(&map->share, LEAF_BYTES)) {
        return NULL;
    }
    struct range_leaf *added = leaf_at(map, leaf);
    if (!reserved_memory_open(map->base, map->reserved_bytes, &map->open_bytes, (size_t)((uint8_t *)added - map->base) + LEAF_BYTES)) {
        memory_share_give(&map->share, LEAF_BYTES);
        return NULL;
    }
    map->leaves_opened += leaf == map->leaves_opened;
    memmove(&map->directory[slot + 1], &map->directory[slot], (map->leaf_count - slot) * sizeof *map->directory);
    map->directory[slot] = (struct range_slot){0, leaf};
    map->leaf_count++;
    added->count = 0;
    return added;
}

static void drop_leaf(struct range_map *map, uint32_t slot) {
    uint32_t leaf = map->directory[slot].leaf;
    int saved = errno;
    page_discard(leaf_at(map, leaf), LEAF_BYTES); // not where pages are larger
    errno = saved;
    map->leaf_count--;
    memmove(&map->directory[slot], &map->directory[slot + 1], (map->leaf_count - slot) * sizeof *map->directory);
    map->directory[map->leaf_count] = (struct range_slot){0, leaf};
    memory_share_give(&map->share, LEAF_BYTES);
}

static void note_first(struct range_map *map, uint32_t slot) {
    map->directory[slot].low = leaf_in(map, slot)->ranges[0].low;
}

// Moves the upper half of a full leaf into a new one.
static bool split_leaf(struct range_map *map, uint32_t slot) {
    struct range_leaf *upper = add_leaf(map, slot + 1), *lower = leaf_in(map, slot);
    if (!upper) {
        return false;
    }
    uint32_t kept = lower->count / 2;
    upper->count = lower->count - kept;
    memcpy(upper->ranges, &lower->ranges[kept], upper->count * sizeof *upper->ranges);
    lower->count = kept;
    note_first(map, slot + 1);
    return true;
}

// Joins a leaf with the next one if both fit into half of one, so that the next range splits nothing.
static bool join_next(struct range_map *map, uint32_t slot) {
    if (slot + 1 >= map->leaf_count) {
        return false;
    }
    struct range_leaf *lower = leaf_in(map, slot), *upper = leaf_in(map, slot + 1);
    if (lower->count + upper->count > LEAF_RANGES / 2) {
        return false;
    }
    memcpy(&lower->ranges[lower->count], upper->ranges, upper->count * sizeof *upper->ranges);
    lower->count += upper->count;
    drop_leaf(map, slot + 1);
    return true;
}

// After ranges of a leaf were removed. The only leaf stays, also if it is empty.
static void tidy(struct range_map *map, uint32_t slot) {
    if (leaf_in(map, slot)->count == 0 && map->leaf_count > 1) {
        drop_leaf(map, slot);
    } else if (!join_next(map, slot) && slot > 0) {
        join_next(map, slot - 1);
    }
}

// ---- Places ----

// The first range that ends above the address.
static struct place find(const struct range_map *map, uintptr_t address) {
    uint32_t low = 0, high = map->leaf_count;
    while (high - low > 1) { // the last leaf that begins at or below the address
        uint32_t middle = (low + high) / 2;
        if (map->directory[middle].low <= address) {
            low = middle;
        } else {
            high = middle;
        }
    }
    struct place place = {low, 0};
    if (map->leaf_count == 0) {
        return place;
    }
    const struct range_leaf *leaf = leaf_in(map, place.slot);
    uint32_t end = leaf->count;
    while (place.at < end) {
        uint32_t middle = (place.at + end) / 2;
        if (leaf->ranges[middle].high > address) {
            end = middle;
        } else {
            place.at = middle + 1;
        }
    }
    return place;
}

// Returns NULL behind the last range.
static struct mapped_range *range_at(const struct range_map *map, struct place *place) {
    while (place->slot < map->leaf_count) {
        struct range_leaf *leaf = leaf_in(map, place->slot);
        if (place->at < leaf->count) {
            return &leaf->ranges[place->at];
        }
        *place = (struct place){place->slot + 1, 0};
    }
    return NULL;
}

// Overlaps nothing.
static bool insert(struct range_map *map, const struct mapped_range *range) {
    if (map->leaf_count == 0 && !add_leaf(map, 0)) {
        return false;
    }
    struct place place = find(map, range->low);
    struct range_leaf *leaf = leaf_in(map, place.slot);
    if (leaf->count == LEAF_RANGES) {
        if (!split_leaf(map, place.slot)) {
            return false;
        }
        place = find(map, range->low);
        leaf = leaf_in(map, place.slot);
    }
    memmove(&leaf->ranges[place.at + 1], &leaf->ranges[place.at], (leaf->count - place.at) * sizeof *leaf->ranges);
    leaf->ranges[place.at] = *range;
    leaf->count++;
    note_first(map, place.slot);
    map->count++;
    return true;
}

// Removes the ranges of one leaf from the place on that end at or below `high`. Returns false if there is none.
static bool remove_whole(struct range_map *map, struct place place, uintptr_t high) {
    struct range_leaf *leaf = leaf_in(map, place.slot);
    uint32_t end = place.at;
    while (end < leaf->count && leaf->ranges[end].high <= high) {
        end++;
    }
    if (end == place.at) {
        return false;
    }
    memmove(&leaf->ranges[place.at], &leaf->ranges[end], (leaf->count - end) * sizeof *leaf->ranges);
    leaf->count -= end - place.at;
    map->count -= end - place.at;
    if (leaf->count != 0) {
        note_first(map, place.slot);
    }
    tidy(map, place.slot);
    return true;
}

// ---- The map ----

bool range_map_remove(struct range_map *map, uintptr_t low, uintptr_t high) {
    for (;;) {
        struct place place = find(map, low);
        struct mapped_range *range = range_at(map, &place);
        if (!range || range->low >= high) {
            return true;
        }
        if (range->low < low) {
            struct mapped_range upper = *range;
            range->high = low;
            upper.low = high;
            if (upper.high > high) {
                return insert(map, &upper);
            }
        } else if (!remove_whole(map, place, high)) {
            range->low = high; // only its lower part
            note_first(map, place.slot);
            return true;
        }
    }
}

bool range_map_put(struct range_map *map, const struct mapped_range *range) {
    bool kept = range_map_remove(map, range->low, range->high);
    return insert(map, range) && kept;
}

// After this no range lies on both sides of the address.
static bool split_at(struct range_map *map, uintptr_t address) {
    struct place place = find(map, address);
    struct mapped_range *range = range_at(map, &place);
    if (!range || range->low >= address) {
        return true;
    }
    struct mapped_range upper = *range;
    range->high = upper.low = address;
    return insert(map, &upper);
}

bool range_map_mark(struct range_map *map, uintptr_t low, uintptr_t high, uint32_t mover) {
    bool is_whole = split_at(map, low);
    is_whole = split_at(map, high) && is_whole;
    struct place place = find(map, low);
    for (struct mapped_range *range; (range = range_at(map, &place)) && range->low < high; place.at++) {
        range->mover = mover;
    }
    return is_whole;
}

void range_map_unmark(struct range_map *map, uintptr_t low, uintptr_t high, uint32_t mover) {
    struct place place = find(map, low);
    for (struct mapped_range *range; (range = range_at(map, &place)) && range->low < high; place.at++) {
        range->mover = range->mover == mover ? 0 : range->mover;
    }
}

void range_map_remove_marked(struct range_map *map, uintptr_t low, uintptr_t high, uint32_t mover) {
    struct place place = find(map, low);
    for (struct mapped_range *range; (range = range_at(map, &place)) && range->low < high;) {
        if (range->mover == mover) {
            uintptr_t end = range->high;
            remove_whole(map, place, end);
            place = find(map, end);
        } else {
            place.at++;
        }
    }
}

const struct mapped_range *range_map_from(const struct range_map *map, uintptr_t address) {
    struct place place = find(map, address);
    return range_at(map, &place);
}

void range_map_each(const struct range_map *map, void (*visit)(const struct mapped_range *range, void *context), void *context) {
    struct place place = {0, 0};
    for (const struct mapped_range *range; (range = range_at(map, &place)); place.at++) {
        visit(range, context);
    }
}
