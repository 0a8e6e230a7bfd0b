// Tests of fault.c: error names are distinct, texts are one line and truncated to fit.

#include "../../base/test/test.h"

#include "sample_profile.h"

#include "../fault.h"

TEST(every_error_has_a_name) {
    for (int a = 0; a < MERGE_ERROR_COUNT; a++) {
        assert_non_null(merge_error_text((enum merge_error)a));
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(merge_error_text((enum merge_error)a), merge_error_text((enum merge_error)b));
        }
    }
    assert_string_equal(merge_error_text(MERGE_TRUNCATED), "truncated input");
    assert_string_equal(merge_error_text((enum merge_error)99), "unknown error");
    assert_string_equal(merge_error_text((enum merge_error) - 1), "unknown error");
}

TEST(texts_are_one_line_and_fit) {
    struct merge_fault fault;
    char large[400];
    memset(large, 'x', sizeof large);
    large[sizeof large - 1] = 0;
    assert_int_equal(fault_set(&fault, MERGE_MALFORMED, 7, "a\nb\x1b%s", large), MERGE_MALFORMED);
    assert_int_equal(fault.error, MERGE_MALFORMED);
    assert_int_equal(fault.offset, 7);
    assert_int_equal(strlen(fault.text), sizeof fault.text - 1);
    assert_memory_equal(fault.text, "a?b?xx", 6);
    assert_int_equal(fault_set(NULL, MERGE_TOO_LARGE, 0, "nobody listens"), MERGE_TOO_LARGE);
}

int main(void) {
    return tests_run();
}
