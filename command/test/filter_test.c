// filter_test.c: --focus and --ignore: what a frame matches, which samples count, expressions that are none.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../filter.h"
#include "../say.h"
#include "place.h"

static struct filter filter;

static int compile(int argc, char **argv) {
    (void)argc;
    return filter_compile("top", &filter, strcmp(argv[0], "focus") == 0 ? FILTER_FOCUS : FILTER_IGNORE, argv[1]);
}

static unsigned match(const char *function, const char *file, const char *mapping) {
    return filter_frame(&filter, &(struct profile_frame){.function = function, .file = file, .mapping_file = mapping});
}

static void test_match(void **state) {
    (void)state;
    assert_int_equal(PLACE_RUN(compile, "focus", "^sqlite3|\\.so"), STATUS_DONE);
    assert_int_equal(match("sqlite3Malloc", "", ""), FILTER_FOCUS);
    assert_int_equal(match("x", "", "/lib/x.so.1"), FILTER_FOCUS);
    assert_int_equal(match("my_sqlite3", "a.c", ""), 0);
    assert_int_equal(PLACE_RUN(compile, "ignore", "b\\.c$"), STATUS_DONE);
    assert_int_equal(match("sqlite3Malloc", "/src/b.c", ""), FILTER_FOCUS | FILTER_IGNORE);
    assert_int_equal(PLACE_RUN(compile, "ignore", "twice"), STATUS_USAGE);
    assert_true(filter_sample(&filter, FILTER_FOCUS));
    assert_false(filter_sample(&filter, 0));
    assert_false(filter_sample(&filter, FILTER_FOCUS | FILTER_IGNORE));
    filter_free(&filter);
    assert_true(filter_sample(&filter, 0));
}

static void test_wrong_expression(void **state) {
    (void)state;
    assert_int_equal(PLACE_RUN(compile, "focus", "a("), STATUS_USAGE);
    assert_non_null(strstr(place_error, "cmemprof top: --focus a(: "));
    filter_free(&filter);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_match), cmocka_unit_test(test_wrong_expression)};
    return cmocka_run_group_tests(tests, place_make, place_remove);
}
