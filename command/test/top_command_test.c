// top_command_test.c: `cmemprof top` as a whole: what it says when it cannot do what it should.
//
// realloc is defined here and forwards to glibc's, so that one of a chosen size fails. A sanitizer has its own: there nothing fails.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../commands.h"
#include "../top.h"

#ifndef __SANITIZE_ADDRESS__
static size_t failing_bytes; // 0: none

void *__libc_realloc(void *old, size_t size);

void *realloc(void *old, size_t size) {
    return failing_bytes && size == failing_bytes ? NULL : __libc_realloc(old, size);
}
#endif

// A profile file with `padding` bytes of comment behind the rest, and a type with a control character.
static void write_profile(char *path, size_t padding) {
    struct profile *profile = profile_new();
    char *comment = calloc(padding + 1, 1);
    uint8_t *bytes;
    size_t size;
    memset(comment, 'x', padding);
    profile_add_sample_type(profile, "t\x1b[2J", "bytes");
    profile_add_sample(profile, NULL, 0, (int64_t[]){1}, NULL, 0);
    profile_add_comment(profile, comment);
    assert_int_equal(profile_encode(profile, MERGE_RAW, &bytes, &size), MERGE_OK);
    int file = mkstemp(path);
    assert_int_equal(write(file, bytes, size), size);
    close(file);
    profile_free(profile);
    free(comment);
    free(bytes);
}

// Runs it on a profile; what it wrote to stderr goes to text. Returns its status.
static int run(size_t padding, char *type, size_t fail, char *text, size_t text_size) {
    char path[] = "/tmp/cmemprof-test-XXXXXX";
    char *argv[] = {"top", "--type", type, path, NULL};
    write_profile(path, padding);
    FILE *caught = tmpfile();
    int before = dup(STDERR_FILENO);
    dup2(fileno(caught), STDERR_FILENO);
    optind = 0;
#ifdef __SANITIZE_ADDRESS__
    (void)fail;
    int status = top_command(4, argv);
#else
    failing_bytes = fail;
    int status = top_command(4, argv);
    failing_bytes = 0;
#endif
    dup2(before, STDERR_FILENO);
    close(before);
    rewind(caught);
    text[fread(text, 1, text_size - 1, caught)] = '\0';
    fclose(caught);
    unlink(path);
    return status;
}

static void test_types_are_cleaned(void **state) {
    (void)state;
    char text[400];
    assert_int_equal(run(0, "none", 0, text, sizeof text), 1);
    assert_non_null(strstr(text, "no such sample type; it has t?[2J\n"));
}

// The file takes a second block, and there is none: that is said, and no part of the file is taken for the whole.
static void test_no_memory(void **state) {
    (void)state;
#ifndef __SANITIZE_ADDRESS__
    char text[400];
    assert_int_equal(run(100000, "t\x1b[2J", 2 << 16, text, sizeof text), 1);
    assert_non_null(strstr(text, strerror(ENOMEM)));
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_types_are_cleaned), cmocka_unit_test(test_no_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
