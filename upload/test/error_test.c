// error_test.c: every error has a name.

#include "../../base/test/test.h"

#include "../upload.h"

TEST(every_error_has_its_own_text) {
    for (int i = 0; i < UPLOAD_ERROR_COUNT; i++) {
        assert_string_not_equal(upload_error_text((enum upload_error)i), "unknown error");
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(upload_error_text((enum upload_error)i), upload_error_text((enum upload_error)j));
        }
    }
    assert_string_equal(upload_error_text(UPLOAD_ERROR_COUNT), "unknown error");
    assert_string_equal(upload_error_text((enum upload_error) - 1), "unknown error");
    assert_string_equal(upload_error_text(UPLOAD_UNREACHABLE), "no connection");
}

int main(void) {
    return tests_run();
}
