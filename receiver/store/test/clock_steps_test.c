// clock_steps_test.c: a clock that was set is not trusted for an hour; one that runs a little fast is.

#include "../../../base/test/test.h"

#include "../clock_steps.h"

static const int64_t day = 24 * 3600 * 1000, hour = 3600 * 1000, second = 1000, now = INT64_C(1790000000000);

TEST(steady) {
    struct clock_steps steps = {0};
    for (int64_t t = 0; t < 3 * hour; t += 20 * second) {
        assert_true(clock_steps_settled(&steps, now + t + t / 1000, 5000 + t, now)); // an adjusted clock gains a second in 1,000
    }
}

TEST(ahead_and_back) {
    struct clock_steps steps = {0};
    assert_true(clock_steps_settled(&steps, now, 0, now));
    assert_false(clock_steps_settled(&steps, now + 32 * day + 20 * second, 20 * second, now));
    assert_false(clock_steps_settled(&steps, now + 32 * day + 40 * second, 40 * second, now));
    assert_false(clock_steps_settled(&steps, now + 60 * second, 60 * second, now)); // right again, which it cannot know
    assert_false(clock_steps_settled(&steps, now + hour, hour, now));
    assert_true(clock_steps_settled(&steps, now + hour + 60 * second, hour + 60 * second, now));
    assert_false(clock_steps_settled(&steps, now - day + 2 * hour, 2 * hour, now)); // back
    assert_true(clock_steps_settled(&steps, now - day + 3 * hour, 3 * hour, now));
}

// What the clock did while nobody looked: a receiver that starts with a clock a month ahead, or that was off for a month.
TEST(start) {
    static const struct {
        int64_t newest_ms;
        bool is_trusted;
    } cases[] = {{0, true},
                 {INT64_C(1790000000000) - 3600 * 1000, true},
                 {INT64_C(1790000000000) - INT64_C(32) * 86400000, false},
                 {INT64_C(1790000000000) + INT64_C(2) * 86400000, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct clock_steps steps = {0};
        assert_int_equal(clock_steps_settled(&steps, now, 7000, cases[i].newest_ms), cases[i].is_trusted);
        assert_int_equal(clock_steps_settled(&steps, now + hour - second, 7000 + hour - second, now), cases[i].is_trusted);
        assert_true(clock_steps_settled(&steps, now + hour, 7000 + hour, now));
    }
}

// A machine that sleeps: both clocks go on.
TEST(sleep) {
    struct clock_steps steps = {0};
    assert_true(clock_steps_settled(&steps, now, 0, now));
    assert_true(clock_steps_settled(&steps, now + 9 * day, 9 * day, now));
}

int main(void) {
    return tests_run();
}
