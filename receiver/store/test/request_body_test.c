// request_body_test.c: bodies in memory, within a limit and a budget.

#include "../../../base/test/test.h"

#include <stdlib.h>
#include <string.h>

#include "../request_body.h"

TEST(pieces) {
    struct merge_budget budget = {.limit_bytes = 1 << 20};
    struct request_body body = {.budget = &budget, .max_bytes = 1 << 20};
    char expected[30000];
    for (size_t i = 0; i < sizeof expected; i++) {
        expected[i] = (char)(i * 7);
    }
    for (size_t at = 0, size = 1; at<sizeof expected; at += size, size = size * 3> sizeof expected - at ? sizeof expected - at : size * 3) {
        assert_int_equal(request_body_add(&body, expected + at, size), RECEIVER_OK);
    }
    assert_int_equal(body.size, sizeof expected);
    assert_memory_equal(body.bytes, expected, sizeof expected);
    assert_int_equal(budget.used_bytes, body.capacity);
    request_body_drop(&body);
    assert_int_equal(budget.used_bytes, 0);
}

TEST(too_large) {
    struct merge_budget budget = {.limit_bytes = 1 << 20};
    struct request_body body = {.budget = &budget, .max_bytes = 100};
    char bytes[150] = {0};
    assert_int_equal(request_body_add(&body, bytes, 100), RECEIVER_OK);
    assert_int_equal(request_body_add(&body, bytes, 1), RECEIVER_TOO_LARGE);
    assert_int_equal(budget.used_bytes, 0);
    assert_false(request_body_is_endless(&body));
    assert_int_equal(request_body_add(&body, bytes, 100), RECEIVER_TOO_LARGE);
    assert_true(request_body_is_endless(&body));
}

// A body without its middle is never taken for whole.
TEST(over_budget) {
    struct merge_budget budget = {.limit_bytes = 10000};
    struct request_body body = {.budget = &budget, .max_bytes = 1 << 20};
    char bytes[8000] = {0};
    assert_int_equal(request_body_add(&body, bytes, 5000), RECEIVER_OK);
    assert_int_equal(request_body_add(&body, bytes, 8000), RECEIVER_NO_MEMORY);
    assert_int_equal(request_body_add(&body, bytes, 1), RECEIVER_NO_MEMORY);
    assert_int_equal(budget.used_bytes, 0);
    assert_int_equal(body.size, 0);
}

int main(void) {
    return tests_run();
}
