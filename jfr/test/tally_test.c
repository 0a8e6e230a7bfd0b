// tally_test.c: equal keys add up, others do not, and sums saturate.

#include "../../base/test/test.h"
#include "../../base/saturated.h"

#include "../tally.h"

TEST(equal_keys_add_up) {
    struct jfr_tally tally = {0};
    for (int round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < 5000; i++) {
            uint64_t keys[JFR_KEY_COUNT] = {0};
            keys[i % JFR_KEY_COUNT] = i + 1;
            const int64_t values[JFR_COLUMNS] = {1, (int64_t)i, 0, -1};
            assert_true(jfr_tally_add(&tally, keys, values));
        }
    }
    assert_int_equal(tally.count, 5000);
    for (uint64_t i = 0; i < 5000; i++) {
        assert_int_equal(tally.rows[i].keys[i % JFR_KEY_COUNT], i + 1);
        assert_true(tally.rows[i].values[0] == 3 && tally.rows[i].values[1] == 3 * (int64_t)i && tally.rows[i].values[3] == -3);
    }
    jfr_tally_clear(&tally);
    const uint64_t keys[JFR_KEY_COUNT] = {1};
    const int64_t most[JFR_COLUMNS] = {INT64_MAX, INT64_MIN};
    assert_true(jfr_tally_add(&tally, keys, most) && jfr_tally_add(&tally, keys, most));
    assert_int_equal(tally.count, 1);
    assert_true(tally.rows[0].values[0] == INT64_MAX && tally.rows[0].values[1] == INT64_MIN);
    jfr_tally_free(&tally);
}

// Many keys, as with times, are memory that a budget bounds; freed, nothing of it is left.
TEST(memory_is_bounded) {
    struct merge_budget budget = {.limit_bytes = 4 << 20};
    struct merge_budget *before = merge_use_budget(&budget);
    struct jfr_tally tally = {0};
    uint64_t keys[JFR_KEY_COUNT] = {0};
    const int64_t values[JFR_COLUMNS] = {1};
    while (keys[JFR_KEY_TIME] < 1000000 && jfr_tally_add(&tally, keys, values)) {
        keys[JFR_KEY_TIME]++;
    }
    assert_true(tally.count > 10000 && tally.count < (4 << 20) / sizeof(struct jfr_tally_row));
    assert_true(budget.exceeded);
    jfr_tally_free(&tally);
    assert_int_equal(budget.used_bytes, 0);
    merge_use_budget(before);
}

TEST(arithmetic_saturates) {
    assert_true(saturated_product(INT64_MAX, 2) == INT64_MAX && saturated_product(INT64_MAX, -2) == INT64_MIN &&
                saturated_product(-3, 4) == -12);
    assert_true(jfr_rounded(1e300) == INT64_MAX && jfr_rounded(-1e300) == INT64_MIN && jfr_rounded(2.5) == 3 && jfr_rounded(-2.5) == -3);
    assert_true(jfr_rounded(0.0 / (double)(saturated_sum(1, -1))) == 0);
}

int main(void) {
    return tests_run();
}
