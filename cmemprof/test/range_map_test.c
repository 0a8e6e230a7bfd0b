// range_map_test.c: the map holds what a list of pages says, after any sequence of operations, and gives its memory back.

#include "../../base/test/test.h"

#include <errno.h>
#include <sys/mman.h>

#include "../../base/test/emulated.h"
#include "../range_map.h"

static struct memory_budget budget;

static struct range_map opened(size_t limit_bytes) {
    struct range_map map;
    budget = (struct memory_budget){.limit_bytes = limit_bytes};
    assert_true(range_map_open(&map, &budget));
    return map;
}

static struct mapped_range range_of(uintptr_t low, uintptr_t high, uint32_t number) {
    return (struct mapped_range){.low = low, .high = high, .number = number};
}

static void put(struct range_map *map, uintptr_t low, uintptr_t high, uint32_t number) {
    struct mapped_range range = range_of(low, high, number);
    assert_true(range_map_put(map, &range));
}

// ---- One range and another ----

static char text[200];

static void append(const struct mapped_range *range, void *context) {
    (void)context;
    size_t length = strlen(text);
    snprintf(text + length, sizeof text - length, " %u:%zu-%zu%s", range->number, (size_t)range->low, (size_t)range->high,
             range->mover != 0 ? "*" : "");
}

static const char *contents(const struct range_map *map) {
    text[0] = '\0';
    range_map_each(map, append, NULL);
    return text;
}

TEST(ranges_are_cut_where_others_come) {
    struct range_map map = opened(1 << 20);
    assert_null(range_map_from(&map, 0));
    assert_true(range_map_remove(&map, 0, UINTPTR_MAX));
    put(&map, 10, 20, 1);
    put(&map, 20, 30, 2);
    assert_string_equal(contents(&map), " 1:10-20 2:20-30");
    put(&map, 15, 25, 3);
    assert_string_equal(contents(&map), " 1:10-15 3:15-25 2:25-30");
    put(&map, 17, 18, 4);
    assert_string_equal(contents(&map), " 1:10-15 3:15-17 4:17-18 3:18-25 2:25-30");
    assert_true(range_map_remove(&map, 16, 28));
    assert_string_equal(contents(&map), " 1:10-15 3:15-16 2:28-30");
    assert_int_equal(range_map_from(&map, 15)->number, 3);
    assert_int_equal(range_map_from(&map, 16)->number, 2);
    assert_int_equal(range_map_from(&map, 29)->number, 2);
    assert_null(range_map_from(&map, 30));
    put(&map, 0, 100, 5);
    assert_string_equal(contents(&map), " 5:0-100");
    assert_int_equal(map.count, 1);
    range_map_close(&map);
}

TEST(marks_cover_what_they_are_given) {
    struct range_map map = opened(1 << 20);
    put(&map, 10, 20, 1);
    put(&map, 30, 40, 2);
    assert_true(range_map_mark(&map, 15, 35, 7));
    assert_string_equal(contents(&map), " 1:10-15 1:15-20* 2:30-35* 2:35-40");
    range_map_unmark(&map, 0, 100, 8);
    assert_string_equal(contents(&map), " 1:10-15 1:15-20* 2:30-35* 2:35-40");
    put(&map, 32, 33, 3); // takes the address of something that leaves
    range_map_remove_marked(&map, 15, 35, 7);
    assert_string_equal(contents(&map), " 1:10-15 3:32-33 2:35-40");
    assert_true(range_map_mark(&map, 10, 15, 9));
    range_map_unmark(&map, 10, 15, 9);
    assert_string_equal(contents(&map), " 1:10-15 3:32-33 2:35-40");
    range_map_close(&map);
}

// ---- Against a list of pages ----

enum { PAGES = 3000 };
static uint32_t number_at[PAGES], mover_at[PAGES]; // 0: none
static uint32_t random_state;

static uint32_t below(uint32_t limit) {
    random_state = random_state * 1664525 + 1013904223;
    return (random_state >> 8) % limit;
}

struct seen {
    uintptr_t reached;
    size_t ranges;
};

static void compare(const struct mapped_range *range, void *context) {
    struct seen *seen = context;
    assert_true(range->low >= seen->reached && range->low < range->high && range->high <= PAGES);
    for (; seen->reached < range->low; seen->reached++) {
        assert_int_equal(number_at[seen->reached], 0);
    }
    for (; seen->reached < range->high; seen->reached++) {
        assert_int_equal(number_at[seen->reached], range->number);
        assert_int_equal(mover_at[seen->reached], range->mover);
    }
    seen->ranges++;
}

static void operate(struct range_map *map, uint32_t turn, uint32_t longest) {
    uint32_t low = below(PAGES), high = low + 1 + below(longest), mover = 1 + below(3);
    high = high < PAGES ? high : PAGES;
    uint32_t what = below(16);
    if (what < 8) {
        put(map, low, high, turn + 1);
    } else if (what < 12) {
        assert_true(range_map_remove(map, low, high));
    } else if (what < 14) {
        assert_true(range_map_mark(map, low, high, mover));
    } else if (what == 14) {
        range_map_unmark(map, low, high, mover);
    } else {
        // Ranges are removed whole, so marks must not end inside the list's range.
        assert_true(range_map_mark(map, low, high, 4));
        range_map_remove_marked(map, low, high, 4);
    }
    for (uint32_t page = low; page < high; page++) {
        if (what < 12 || what == 15) {
            number_at[page] = what < 8 ? turn + 1 : 0;
            mover_at[page] = 0;
        } else if (what < 14) {
            mover_at[page] = number_at[page] != 0 ? mover : 0;
        }
    }
    if (what == 14) { // ranges that begin before or end behind lose their mark as a whole
        uintptr_t at = low;
        for (const struct mapped_range *range; (range = range_map_from(map, at)) && range->low < high; at = range->high) {
            for (uintptr_t page = range->low; page < range->high; page++) {
                mover_at[page] = mover_at[page] == mover ? 0 : mover_at[page];
            }
        }
    }
}

// Short ranges fill many leaves, long ones empty them.
TEST(agrees_with_a_list_of_pages) {
    struct range_map map = opened(1 << 20);
    size_t most = 0;
    for (uint32_t turn = 0; turn < 60000; turn++) {
        operate(&map, turn, turn / 6000 % 2 == 0 ? 3 : 300);
        if (turn % 64 == 0 || turn < 200) {
            struct seen seen = {0, 0};
            range_map_each(&map, compare, &seen);
            for (; seen.reached < PAGES; seen.reached++) {
                assert_int_equal(number_at[seen.reached], 0);
            }
            assert_int_equal(seen.ranges, map.count);
            most = seen.ranges > most ? seen.ranges : most;
        }
    }
    assert_true(most > 1000); // more than ten leaves
    range_map_remove(&map, 0, PAGES);
    assert_int_equal(map.count, 0);
    assert_true(budget.used_bytes <= 4096);
    range_map_close(&map);
    assert_int_equal(budget.used_bytes, 0);
}

// ---- Memory ----

static size_t resident_bytes(const struct range_map *map) {
    static unsigned char pages[1 << 14];
    size_t count = map->reserved_bytes / 4096, resident = 0;
    assert_true(count <= sizeof pages);
    assert_int_equal(mincore(map->base, map->reserved_bytes, pages), 0);
    for (size_t i = 0; i < count; i++) {
        resident += pages[i] & 1 ? 4096 : 0;
    }
    return resident;
}

TEST(a_leaf_is_at_least_a_quarter_full) {
    SKIP_EMULATED(EMULATED_NO_ACCESS);
    enum { RANGES = 50000 };
    struct range_map map = opened(64 << 20);
    for (uint32_t i = 0; i < RANGES; i++) { // downwards, as the kernel maps
        put(&map, 2 * (RANGES - i), 2 * (RANGES - i) + 1, i);
    }
    assert_int_equal(map.count, RANGES);
    assert_true(budget.used_bytes <= RANGES / 50 * 4096);
    for (uint32_t i = 0; i < RANGES; i++) { // thins out
        if (i % 16 != 0) {
            assert_true(range_map_remove(&map, 2 * i, 2 * i + 2));
        }
    }
    assert_in_range(map.count, RANGES / 16 - 1, RANGES / 16 + 1);
    assert_true(budget.used_bytes <= RANGES / 16 / 25 * 4096 + 8192);
    assert_in_range(resident_bytes(&map), budget.used_bytes, budget.used_bytes + (64 << 10)); // and the directory
    range_map_close(&map);
}

TEST(refuses_without_memory_and_keeps_the_rest) {
    enum { LEAVES = 3 };
    struct range_map map = opened(LEAVES * 4096);
    uint32_t count = 0;
    struct mapped_range range = range_of(0, 1, 0);
    errno = 77;
    while (range_map_put(&map, &range)) {
        count++;
        range = range_of(4 * count, 4 * count + 3, count);
    }
    assert_int_equal(errno, 77);
    assert_int_equal(map.count, count);
    assert_true(count > 2 * 51);
    assert_int_equal(range_map_from(&map, 0)->number, 0);
    assert_true(range_map_remove(&map, 0, 4 * 60)); // room again
    assert_true(range_map_put(&map, &range));
    range_map_close(&map);
    assert_int_equal(budget.used_bytes, 0);
}

int main(void) {
    return tests_run();
}
