// listen_test.c: addresses that are taken and refused, each with its reason.
#include "http.h"

#include "../listen.h"

static void test_good(void **state) {
    (void)state;
    static const char *const good[][2] = {
        {"127.0.0.1:0", "http://127.0.0.1:"}, {"127.1.2.3:0", "http://127.1.2.3:"}, {"localhost:0", "http://127.0.0.1:"}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct listener listener;
        char text[200] = "";
        assert_int_equal(listen_open(good[i][0], &listener, text, sizeof text), RECEIVER_OK);
        assert_int_not_equal(listener.port, 0);
        assert_memory_equal(listener.url, good[i][1], strlen(good[i][1]));
        struct listener second;
        char taken[64];
        snprintf(taken, sizeof taken, "%.*s:%u", (int)(strlen(good[i][1]) - 8), good[i][1] + 7, listener.port);
        assert_int_equal(listen_open(taken, &second, text, sizeof text), RECEIVER_ADDRESS_IN_USE);
        assert_non_null(strstr(text, "in use"));
        close(listener.socket);
    }
}

static void test_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      ":",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:65536",
                                      "127.0.0.1:-1",
                                      "127.0.0.1:1x",
                                      "host:1",
                                      "[::1:1",
                                      "[]:1",
                                      ":8126",
                                      "127.0.0.1: 1",
                                      "1111111111111111111111111111111111111111111111111111111111111111111111111111111111111111:1"};
    static const char *const foreign[] = {"0.0.0.0:8126", "192.168.0.1:8126", "[::]:8126", "[2001:db8::1]:8126", "128.0.0.1:1"};
    struct listener listener;
    char text[200];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(listen_open(bad[i], &listener, text, sizeof text), RECEIVER_BAD_ADDRESS);
        assert_non_null(strstr(text, "ADDRESS:PORT"));
    }
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        assert_int_equal(listen_open(foreign[i], &listener, text, sizeof text), RECEIVER_NOT_LOOPBACK);
        assert_non_null(strstr(text, "not a loopback address"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
