// saturated_test.c: sums and products within the limits, and beyond.

#include "test.h"

#include "../saturated.h"

TEST(sums) {
    assert_int_equal(saturated_sum(2, 3), 5);
    assert_int_equal(saturated_sum(INT64_MAX, INT64_MIN), -1);
    assert_int_equal(saturated_sum(INT64_MAX, 1), INT64_MAX);
    assert_int_equal(saturated_sum(1, INT64_MAX), INT64_MAX);
    assert_int_equal(saturated_sum(INT64_MIN, -1), INT64_MIN);
    assert_int_equal(saturated_sum(-1, INT64_MIN), INT64_MIN);
    int64_t sum = INT64_MAX - 1;
    saturated_add(&sum, 1);
    assert_int_equal(sum, INT64_MAX);
    saturated_add(&sum, 1);
    assert_int_equal(sum, INT64_MAX);
    saturated_add(&sum, -1);
    assert_int_equal(sum, INT64_MAX - 1);
}

TEST(products) {
    assert_int_equal(saturated_product(-2, 3), -6);
    assert_int_equal(saturated_product(INT64_MAX, 2), INT64_MAX);
    assert_int_equal(saturated_product(2, INT64_MIN), INT64_MIN);
    assert_int_equal(saturated_product(INT64_MIN, -1), INT64_MAX);
    assert_int_equal(saturated_product(INT64_MAX, -2), INT64_MIN);
}

int main(void) {
    return tests_run();
}
