// reading_test.c: what readers share: texts, nodes, rounding.

#include "../../base/test/test.h"

#include "../reading.h"

static struct reading begin(void) {
    return (struct reading){.limits = &merge_default_limits, .profile = profile_new()};
}
static void end(struct reading *reading) {
    reading_free(reading);
    profile_free(reading->profile);
}

TEST(zeros_in_names_are_replaced) {
    struct reading reading = begin();
    assert_string_equal(reading_text(&reading, (struct span){"a\0b\0", 4}), "a?b?");
    assert_string_equal(reading_text(&reading, (struct span){"", 0}), "");
    end(&reading);
}

TEST(equal_children_are_one_node) {
    struct reading reading = begin();
    uint32_t root = reading_child(&reading, 1, READING_NO_NODE);
    for (uint32_t i = 2; i < 1000; i++) {
        assert_int_equal(reading_child(&reading, i, root), i - 1);
    }
    for (uint32_t i = 2; i < 1000; i++) {
        assert_int_equal(reading_child(&reading, i, root), i - 1);
    }
    assert_int_equal(reading_child(&reading, 2, READING_NO_NODE), 999);
    end(&reading);
}

TEST(rounding_keeps_the_sum) {
    struct reading_rounding rounding = {0};
    int64_t sum = 0;
    for (int i = 0; i < 1000; i++) {
        sum += reading_round(&rounding, 0.3);
    }
    assert_int_equal(sum, 300);
    assert_int_equal(reading_round(&rounding, 1e300), INT64_MAX);
    assert_int_equal(reading_round(&rounding, -1e300), INT64_MIN);
    assert_int_equal(reading_round(&rounding, 0.0 / 0.0), 0);
}

TEST(the_first_fault_stays) {
    struct merge_fault fault = {0};
    struct reading reading = begin();
    reading.fault = &fault;
    struct lines lines = lines_of("a\nb\n", 4);
    lines_next(&lines);
    lines_next(&lines);
    assert_false(reading_fail_line(&reading, &lines, "no %s", "number"));
    assert_false(reading_fail(&reading, MERGE_TOO_LARGE, 9, "second"));
    assert_string_equal(fault.text, "line 2: no number");
    assert_int_equal(fault.offset, 2);
    assert_int_equal(reading.error, MERGE_MALFORMED);
    end(&reading);
}

int main(void) {
    return tests_run();
}
