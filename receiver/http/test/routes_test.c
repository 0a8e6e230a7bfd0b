// routes_test.c: paths that take uploads, and others.

#include "../../../base/test/test.h"

#include "../routes.h"

TEST(paths) {
    static const char *const uploads[] = {"/profiling/v1/input", "/api/v2/profile", "/api/import", "/v1development/profiles"};
    static const char *const others[] = {"/", "/api/symbols", "/api/uploads", "/profiling/v1/input/", "/metrics"};
    for (size_t i = 0; i < sizeof uploads / sizeof *uploads; i++) {
        assert_true(route_has_uploads(uploads[i]));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(route_has_uploads(others[i]));
    }
    assert_true(route_is_import("/api/import") && !route_is_import("/api/v2/profile") && route_is_symbols("/api/symbols"));
    assert_true(route_is_get("HEAD") && route_is_get("GET") && !route_is_get("POST") && route_is_post("PUT") && !route_is_post("GET"));
}

int main(void) {
    return tests_run();
}
