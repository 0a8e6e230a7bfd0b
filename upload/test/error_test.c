// error_test.c: every error has a name.
#include "../upload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

static void test_every_error_has_its_own_text(void **state) {
    (void)state;
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_error_has_its_own_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
