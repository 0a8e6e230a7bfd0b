// unsample_test.c: estimates of sampled allocations.

#include "../../base/test/test.h"

#include "../unsample.h"

static void expect(int64_t interval, int64_t count, int64_t bytes, int64_t expected_count, int64_t expected_bytes) {
    unsample(interval, &count, &bytes);
    assert_int_equal(count, expected_count);
    assert_int_equal(bytes, expected_bytes);
}

TEST(small_ones_stand_for_many) {
    expect(524288, 1, 1024, 512, 524800);   // 1 / (1 - exp(-1 / 512)) = 512.5
    expect(524288, 2, 1048576, 3, 1658822); // 1 / (1 - 1 / e) = 1.582
    expect(524288, 1, 104857600, 1, 104857600);
}

TEST(all_may_have_been_sampled) {
    expect(1, 3, 100, 3, 100);
    expect(0, 3, 100, 3, 100);
    expect(1000, 3, 0, 0, 0);
    expect(1000, 0, 3, 0, 0);
}

TEST(nothing_overflows) {
    expect(INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX);
    expect(1000, -1, -1024, -1, -1597);
}

int main(void) {
    return tests_run();
}
