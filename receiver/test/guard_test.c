// guard_test.c: which Host and Origin headers are let in.
#include "http.h"

#include "../guard.h"

static void test_hosts(void **state) {
    (void)state;
    static const char *const good[] = {"localhost",  "LOCALHOST:1", "127.0.0.1",   "127.0.0.1:8126", "[::1]",
                                       "[::1]:8126", "localhost:",  "127.0.0.2:1", "127.255.255.254"};
    static const char *const bad[] = {"",
                                      "evil.com",
                                      "localhost.evil.com",
                                      "127.0.0.1.evil.com",
                                      "127.0.0.256",
                                      "128.0.0.1",
                                      "127.1",
                                      "127.0.0.1.",
                                      "0127.0.0.1",
                                      "[::1",
                                      "[::2]",
                                      "[127.0.0.1]",
                                      "localhost:8126@evil.com",
                                      "evil.com:localhost",
                                      "[::1]x",
                                      "10.0.0.1:8126",
                                      "127.0.0.1:x"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_null(guard_check_headers(good[i], NULL));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_non_null(guard_check_headers(bad[i], NULL));
    }
    assert_non_null(guard_check_headers(NULL, NULL));
}

static void test_origins(void **state) {
    (void)state;
    assert_null(guard_check_headers("localhost:8126", "http://localhost:8126"));
    static const char *const bad[] = {"http://evil.com",      "https://localhost:8126", "http://localhost:9999", "null", "",
                                      "http://127.0.0.1:8126"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_non_null(guard_check_headers("localhost:8126", bad[i]));
    }
}

static void test_over_http(void **state) {
    struct fixture *fixture = *state;
    struct text request = {0};
    text_add(&request, "GET /api/uploads HTTP/1.1\r\nHost: rebound.example:%u\r\nConnection: close\r\n\r\n", fixture->port);
    struct answer answer = http_send(fixture->port, &request, false);
    assert_int_equal(answer.status, 403);
    answer_free(&answer);
    free(request.bytes);
    answer = http_request(fixture->port, "POST", "/profiling/v1/input", "Origin: http://evil.example\r\nContent-Length: 0\r\n");
    assert_int_equal(answer.status, 403);
    answer_free(&answer);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hosts), cmocka_unit_test(test_origins),
                                       cmocka_unit_test_setup_teardown(test_over_http, fixture_setup, fixture_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
