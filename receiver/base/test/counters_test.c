// counters_test.c: commits are sorted into buckets; outcomes have names of their own.

#include "../../../base/test/test.h"

#include "../counters.h"

TEST(buckets) {
    static struct counters counters;
    counters_committed(&counters, 1000000); // 1 ms: at the bound
    counters_committed(&counters, 1000001);
    counters_committed(&counters, 11000000000);
    assert_int_equal(counters_get(&counters.commits[0]), 1);
    assert_int_equal(counters_get(&counters.commits[1]), 1);
    assert_int_equal(counters_get(&counters.commits[COUNTERS_BUCKETS]), 1);
    assert_int_equal(counters_get(&counters.commit_ns), 11002000001);
}

TEST(names) {
    for (size_t i = 0; i < COUNTERS_OUTCOMES; i++) {
        for (size_t j = 0; j < i; j++) {
            const char *one = counters_outcome_name(i), *other = counters_outcome_name(j);
            assert_true(strcmp(one, other) != 0 || strcmp(one, "other") == 0);
        }
    }
    assert_string_equal(counters_outcome_name(RECEIVER_OK), "accepted");
    assert_string_equal(counters_outcome_name(COUNTERS_OUTCOMES), "other");
}

int main(void) {
    return tests_run();
}
