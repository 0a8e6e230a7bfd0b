// number_map_test.c: against an array, with numbers that come and go.

#include "../../base/test/test.h"

#include "../number_map.h"

TEST(numbers_come_and_go) {
    enum { NUMBERS = 1 << 10, STEPS = 200000 };
    struct number_map map = {0};
    uint32_t expected[NUMBERS], random = 1, there = 0;
    for (size_t i = 0; i < NUMBERS; i++) {
        expected[i] = NUMBER_MAP_NONE;
        assert_int_equal(number_map_get(&map, i), NUMBER_MAP_NONE);
    }
    for (uint32_t step = 0; step < STEPS; step++) {
        random = random * 1103515245 + 12345;
        uint32_t number = random >> 16 & (NUMBERS - 1);
        assert_int_equal(number_map_get(&map, (uint64_t)number << 40), expected[number]);
        if (expected[number] == NUMBER_MAP_NONE) {
            assert_true(number_map_put(&map, (uint64_t)number << 40, step));
            expected[number] = step;
            there++;
        } else {
            number_map_remove(&map, (uint64_t)number << 40);
            expected[number] = NUMBER_MAP_NONE;
            there--;
        }
        assert_int_equal(map.count, there);
    }
    for (size_t i = 0; i < NUMBERS; i++) {
        assert_int_equal(number_map_get(&map, (uint64_t)i << 40), expected[i]);
    }
    assert_true(map.mask < 4 * NUMBERS);
    number_map_free(&map);
    assert_int_equal(number_map_get(&map, 0), NUMBER_MAP_NONE);
}

TEST(all_numbers_are_numbers) {
    struct number_map map = {0};
    assert_true(number_map_put(&map, 0, 0) && number_map_put(&map, UINT64_MAX, NUMBER_MAP_NONE - 1));
    assert_int_equal(number_map_get(&map, 0), 0);
    assert_int_equal(number_map_get(&map, UINT64_MAX), NUMBER_MAP_NONE - 1);
    assert_int_equal(number_map_get(&map, 1), NUMBER_MAP_NONE);
    number_map_free(&map);
}

int main(void) {
    return tests_run();
}
