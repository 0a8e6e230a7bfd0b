// run_path_test.c: what stands for the program and its process.

#include "../../../base/test/test.h"

#include "../run_path.h"

static void check(const char *pattern, const char *expected) {
    char path[32];
    assert_true(run_path_make(pattern, "redis", 42, path, sizeof path));
    assert_string_equal(path, expected);
}

TEST(signs) {
    check("cmemprof.%e.%p.pprof", "cmemprof.redis.42.pprof");
    check("%p%p", "4242");
    check("100%%", "100%");
    check("100%", "100%");
    check("%x%%p", "%x%p");
    check("", "");
}

TEST(fits) {
    char path[8];
    assert_true(run_path_make("%e-%%", "redis", 42, path, sizeof path));
    assert_string_equal(path, "redis-%");
    assert_false(run_path_make("%e-%p", "redis", 42, path, sizeof path));
    assert_false(run_path_make("12345678", "redis", 42, path, sizeof path));
    assert_false(run_path_make("%e", "a_long_name", 42, path, sizeof path));
}

TEST(own) {
    assert_true(run_path_is_own("a.%p"));
    assert_true(run_path_is_own("%%%p"));
    assert_false(run_path_is_own("a.%e"));
    assert_false(run_path_is_own("%%p"));
    assert_false(run_path_is_own("a%"));
}

int main(void) {
    return tests_run();
}
