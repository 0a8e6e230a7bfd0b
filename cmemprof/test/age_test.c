// age_test.c: the clock never goes back, and each second belongs to one class.

#include "../../base/test/test.h"

#include "../age.h"

#define SECOND INT64_C(1000000000)

TEST(clock_counts_whole_seconds) {
    struct age_clock clock = {.zero_ns = 5 * SECOND};
    age_advance(&clock, 5 * SECOND + SECOND - 1, true);
    assert_int_equal(age_now(&clock), 0);
    age_advance(&clock, 6 * SECOND, true);
    assert_int_equal(age_now(&clock), 1);
    age_advance(&clock, 5 * SECOND, true); // a thread that read the time before another one
    assert_int_equal(age_now(&clock), 1);
    age_advance(&clock, 0, true);
    assert_int_equal(age_now(&clock), 1);
    age_advance(&clock, (5 + 3000000000) * SECOND, true); // 95 years
    assert_int_equal(age_now(&clock), 3000000000);
}

TEST(longest_pause_is_kept) {
    struct age_clock clock = {.zero_ns = 0};
    age_advance(&clock, 90 * SECOND, false); // off until now
    assert_int_equal(clock.worst_pause_s, 0);
    age_advance(&clock, 97 * SECOND, true);
    age_advance(&clock, 98 * SECOND, true);
    assert_int_equal(clock.worst_pause_s, 7);
}

TEST(readings_in_the_wrong_order_are_no_time) {
    assert_int_equal(age_between(3, 10), 7);
    assert_int_equal(age_between(10, 3), 0);
}

TEST(ages_have_classes) {
    static const struct {
        uint32_t first_s, last_s;
        const char *label;
    } want[] = {{0, 59, "<1m"},         {60, 299, "1-5m"},      {300, 1799, "5-30m"},
                {1800, 7199, "30m-2h"}, {7200, 86399, "2h-1d"}, {86400, UINT32_MAX, ">1d"}};
    for (unsigned class = 0; class < CMEMPROF_AGE_CLASSES; class ++) {
        assert_int_equal(age_class(want[class].first_s), class);
        assert_int_equal(age_class(want[class].last_s), class);
        assert_string_equal(age_label(class), want[class].label);
    }
    assert_string_equal(age_label(CMEMPROF_AGE_CLASSES), ">1d");
}

TEST(lifetimes_have_classes) {
    assert_int_equal(lifetime_class(0), 0);
    for (unsigned class = 1; class < CMEMPROF_LIFETIME_CLASSES - 1; class ++) {
        assert_int_equal(lifetime_class(1u << (class - 1)), class);
        assert_int_equal(lifetime_class((1u << class) - 1), class);
    }
    assert_int_equal(lifetime_class(1u << (CMEMPROF_LIFETIME_CLASSES - 2)), CMEMPROF_LIFETIME_CLASSES - 1);
    assert_int_equal(lifetime_class(UINT32_MAX), CMEMPROF_LIFETIME_CLASSES - 1);
}

int main(void) {
    return tests_run();
}
