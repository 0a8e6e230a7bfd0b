// diagnostic_test.c: lines on standard error: command, file, cause; control characters are replaced.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../diagnostic.h"
#include "../../test/fixture.h"

static int failed(int argc, char **argv) {
    (void)argc;
    return diagnostic_error("merge", argv[0], "%s %d", "byte", 7);
}
static int wrong(int argc, char **argv) {
    (void)argc;
    return diagnostic_usage("merge", "what is %s?", argv[0]);
}

static void test_failed(void **state) {
    (void)state;
    assert_int_equal(FIXTURE_RUN(failed, "a\x1b[2J"), STATUS_FAILED);
    assert_string_equal(fixture_error, "cmemprof merge: a?[2J: byte 7\n");
}

static void test_usage(void **state) {
    (void)state;
    assert_int_equal(FIXTURE_RUN(wrong, "\n"), STATUS_USAGE);
    assert_string_equal(fixture_error, "cmemprof merge: what is ??\ncmemprof merge --help lists the options\n");
}

static int note(int argc, char **argv) {
    (void)argc;
    (void)argv;
    diagnostic_note("merge", "%d sums", 3);
    return STATUS_DONE;
}

static void test_note(void **state) {
    (void)state;
    assert_int_equal(FIXTURE_RUN(note, "x"), STATUS_DONE);
    assert_string_equal(fixture_error, "cmemprof merge: 3 sums\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_failed), cmocka_unit_test(test_usage), cmocka_unit_test(test_note)};
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
