// agent_url_test.c: completes URLs to the endpoint.

#include "../../../base/test/test.h"

#include "../agent_url.h"

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
