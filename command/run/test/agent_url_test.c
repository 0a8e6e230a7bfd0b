// agent_url_test.c: hides secrets in URLs, and completes them to the endpoint.

#include "../../../base/test/test.h"

#include "../agent_url.h"

TEST(passwords_and_tokens_are_not_shown) {
    static const char *const cases[][2] = {
        {"http://localhost:8126", "http://localhost:8126"},
        {"http://h:8126/t/secret-1", "http://h:8126/t/xxxxx"},
        {"http://h:8126/t/secret-1/", "http://h:8126/t/xxxxx/"},
        {"https://h/t/secret-1/profiling/v1/input?a=b", "https://h/t/xxxxx/profiling/v1/input?a=b"},
        {"http://h/proxy/t/secret-1", "http://h/proxy/t/xxxxx"},
        {"http://user:pass:w@rd@h:1/t/secret-1", "http://user:xxxxx@h:1/t/xxxxx"},
        {"http://user@h:1/", "http://user@h:1/"},
        {"http://t/path", "http://t/path"},
        {"http://h/t/", "http://h/t/"},
        {"unix:///run/socket", "unix:///run/socket"},
        {"htp://h/t/secret-1", "htp://h/t/xxxxx"},
        {"h:8126/t/secret-1", "h:8126/t/xxxxx"},
        {"", ""},
    };
    char shown[AGENT_URL_SHOWN_BYTES], longest[1000];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(agent_url_shown(cases[i][0], shown), cases[i][1]);
    }
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(strlen(agent_url_shown(longest, shown)), sizeof shown - 1);
}

TEST(batches_go_behind_a_token) {
    static const char *const cases[][2] = {
        {"http://h:8126", "http://h:8126/profiling/v1/input"},
        {"http://h:8126/", "http://h:8126/profiling/v1/input"},
        {"http://h:8126/t/secret-1", "http://h:8126/t/secret-1/profiling/v1/input"},
        {"https://h/t/secret-1/", "https://h/t/secret-1/profiling/v1/input"},
        {"http://h/t/secret-1/profiling/v1/input", "http://h/t/secret-1/profiling/v1/input"},
        {"http://h/api/v2/profile", "http://h/api/v2/profile"},
        {"http://h/other/", "http://h/other/"},
        {"http://h/?a=b/", "http://h/?a=b/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *target = agent_url_target(cases[i][0]);
        assert_string_equal(target, cases[i][1]);
        free(target);
    }
}

int main(void) {
    return tests_run();
}
