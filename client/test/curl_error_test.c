// curl_error_test.c: libcurl's codes map to the right error.

#include "../../base/test/test.h"

#include "../curl_error.h"

TEST(codes_of_libcurl) {
    assert_int_equal(upload_error_of_curl(CURLE_OK), UPLOAD_OK);
    assert_int_equal(upload_error_of_curl(CURLE_COULDNT_RESOLVE_HOST), UPLOAD_UNREACHABLE);
    assert_int_equal(upload_error_of_curl(CURLE_OPERATION_TIMEDOUT), UPLOAD_TIMEOUT);
    assert_int_equal(upload_error_of_curl(CURLE_PEER_FAILED_VERIFICATION), UPLOAD_TLS);
    assert_int_equal(upload_error_of_curl(CURLE_GOT_NOTHING), UPLOAD_INTERRUPTED);
    assert_int_equal(upload_error_of_curl(CURLE_UNSUPPORTED_PROTOCOL), UPLOAD_BAD_URL);
}

int main(void) {
    return tests_run();
}
