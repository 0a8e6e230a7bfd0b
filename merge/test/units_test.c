// Tests of units.c: which units are converted, and by how much.

#include "../../base/test/test.h"

#include "sample_profile.h"

#include "../units.h"

static void expect(const char *a, const char *b, int64_t of_a, int64_t of_b) {
    struct units_ratio ratio;
    if (!units_convert(a, b, &ratio)) {
        fail_msg("%s and %s are not converted", a, b);
    }
    assert_true(ratio.a == of_a && ratio.b == of_b);
}

static void expect_not(const char *a, const char *b) {
    struct units_ratio ratio;
    if (units_convert(a, b, &ratio)) {
        fail_msg("%s and %s are converted", a, b);
    }
}

TEST(both_ways) {
    expect("milliseconds", "nanoseconds", 1000000, 1);
    expect("ns", "s", 1, 1000000000);
    expect("hours", "Minutes", 60, 1);
    expect("us", "ms", 1, 1000);
    expect("bytes", "MB", 1, 1 << 20);
    expect("kilobytes", "kB", 1, 1);
}

TEST(not_of_the_same) {
    expect_not("bytes", "nanoseconds");
    expect_not("count", "bytes");
    expect_not("count", "counts");
    expect_not("bytes", "bytes");
    expect_not("", "");
    expect_not("n", "seconds"); // "n", as in "ns", is not a unit by itself
    expect_not("nanosecondsnanoseconds", "nanoseconds");
}

int main(void) {
    return tests_run();
}
