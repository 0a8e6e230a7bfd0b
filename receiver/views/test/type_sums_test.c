// type_sums_test.c: sums by type do not depend on how profiles are grouped; they saturate.

#include "../../../base/test/test.h"

#include "../type_sums.h"

#include <string.h>

static struct totals totals_of(const char *unit, int64_t total) {
    struct totals totals = {.time_ns = 5, .duration_ns = 7, .samples = 2, .c_samples = 1, .type_count = 1};
    snprintf(totals.types[0].name, sizeof totals.types[0].name, "cpu");
    snprintf(totals.types[0].unit, sizeof totals.types[0].unit, "%s", unit);
    totals.types[0].total = total;
    return totals;
}

TEST(grouped) {
    static struct type_sums alone, first, second;
    struct totals all[] = {totals_of("milliseconds", 5), totals_of("nanoseconds", 7), totals_of("milliseconds", 1), totals_of("events", 3)};
    all[1].time_ns = 3;
    for (int i = 0; i < 4; i++) {
        type_sums_add(&alone, &all[i], NULL);
        type_sums_add(i < 2 ? &first : &second, &all[i], NULL);
    }
    type_sums_add(&first, &second.totals, second.profiles);
    assert_memory_equal(&first, &alone, sizeof first);
    assert_true(alone.totals.type_count == 2 && alone.totals.types[0].total == 6000007 && alone.totals.time_ns == 3);
    assert_true(alone.profiles[0] == 3 && alone.profiles[1] == 1 && alone.totals.samples == 8 && alone.totals.duration_ns == 28);
}

TEST(saturates) {
    static struct type_sums sums;
    struct totals large = totals_of("bytes", INT64_MAX);
    type_sums_add(&sums, &large, NULL);
    type_sums_add(&sums, &large, NULL);
    assert_int_equal(sums.totals.types[0].total, INT64_MAX);
}

int main(void) {
    return tests_run();
}
