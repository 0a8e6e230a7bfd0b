// failure_test.c: every error has its own text, and errno maps to causes.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../failure.h"

#include <errno.h>

TEST(texts) {
    for (int i = 0; i < RECEIVER_ERROR_COUNT; i++) {
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(receiver_error_text(i), receiver_error_text(j));
        }
    }
    assert_string_equal(receiver_error_text(RECEIVER_ERROR_COUNT), "unknown error");
    assert_string_equal(receiver_error_text(-1), "unknown error");
}

TEST(system_errors) {
    assert_int_equal(receiver_error_from_errno(ENOSPC), RECEIVER_DISK_FULL);
    assert_int_equal(receiver_error_from_errno(EDQUOT), RECEIVER_DISK_FULL);
    assert_int_equal(receiver_error_from_errno(EFBIG), RECEIVER_DISK_FULL);
    assert_int_equal(receiver_error_from_errno(ENOMEM), RECEIVER_NO_MEMORY);
    assert_int_equal(receiver_error_from_errno(EIO), RECEIVER_IO);
    assert_int_equal(receiver_error_from_errno(EACCES), RECEIVER_IO);
}

int main(void) {
    return tests_run();
}
