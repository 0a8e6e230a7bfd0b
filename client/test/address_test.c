// address_test.c: usable URLs, and which of them are loopback.

#include "../../base/test/test.h"

#include "../address.h"

TEST(addresses) {
    static const struct {
        const char *url;
        bool usable, loopback, tls;
    } cases[] = {
        {"http://localhost:8126/profiling/v1/input", true, true, false},
        {"HTTP://LOCALHOST/", true, true, false},
        {"http://127.0.0.1:1", true, true, false},
        {"http://127.1.2.3/", true, true, false},
        {"http://[::1]:8126/", true, true, false},
        {"https://intake.profile.datadoghq.com/api/v2/profile", true, false, true},
        {"HTTPS://host/", true, false, true},
        {"http://128.0.0.1/", true, false, false},
        {"http://127.example.com/", true, false, false},
        {"http://localhost.example.com/", true, false, false},
        {"file:///etc/passwd", false, false, false},
        {"ftp://localhost/", false, false, false},
        {"unix:///agent.sock", false, false, false},
        {"localhost:8126", false, false, false},
        {"http://", false, false, false},
        {"http://host:port/", false, false, false},
        {"http://user@:80", false, false, false},
        {"", false, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct upload_address address;
        char reason[64];
        upload_address_check(cases[i].url, &address, reason, sizeof reason);
        assert_int_equal(address.usable, cases[i].usable);
        assert_int_equal(address.loopback, cases[i].loopback);
        assert_int_equal(address.tls, cases[i].tls);
        assert_int_equal(reason[0] == '\0', cases[i].usable);
    }
}

int main(void) {
    return tests_run();
}
