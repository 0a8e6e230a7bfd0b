// diagnostic_test.c: lines on standard error: command, file, cause; control characters are replaced.

#include "../../../base/test/test.h"

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

TEST_IN(directory, failed) {
    assert_int_equal(FIXTURE_RUN(failed, "a\x1b[2J"), STATUS_FAILED);
    assert_string_equal(fixture_error, "cmemprof merge: a?[2J: byte 7\n");
}

TEST_IN(directory, usage) {
    assert_int_equal(FIXTURE_RUN(wrong, "\n"), STATUS_USAGE);
    assert_string_equal(fixture_error, "cmemprof merge: what is ??\ncmemprof merge --help lists the options\n");
}

static int note(int argc, char **argv) {
    (void)argc;
    (void)argv;
    diagnostic_note("merge", "%d sums", 3);
    return STATUS_DONE;
}

TEST_IN(directory, note) {
    assert_int_equal(FIXTURE_RUN(note, "x"), STATUS_DONE);
    assert_string_equal(fixture_error, "cmemprof merge: 3 sums\n");
}

int main(void) {
    return tests_run();
}
