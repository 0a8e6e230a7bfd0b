// curl_error_test.c: libcurl's codes map to the right error.
#include "../curl_error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_codes_of_libcurl(void **state) {
    (void)state;
    assert_int_equal(upload_error_of_curl(CURLE_OK), UPLOAD_OK);
    assert_int_equal(upload_error_of_curl(CURLE_COULDNT_RESOLVE_HOST), UPLOAD_UNREACHABLE);
    assert_int_equal(upload_error_of_curl(CURLE_OPERATION_TIMEDOUT), UPLOAD_TIMEOUT);
    assert_int_equal(upload_error_of_curl(CURLE_PEER_FAILED_VERIFICATION), UPLOAD_TLS);
    assert_int_equal(upload_error_of_curl(CURLE_GOT_NOTHING), UPLOAD_INTERRUPTED);
    assert_int_equal(upload_error_of_curl(CURLE_UNSUPPORTED_PROTOCOL), UPLOAD_BAD_URL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_of_libcurl),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
