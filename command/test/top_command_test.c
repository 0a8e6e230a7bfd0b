// top_command_test.c: `cmemprof top` as a whole.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../commands.h"
#include "place.h"

static void write_one(const char *name, int64_t in_use) {
    struct profile *profile = place_profile();
    place_add(profile, "leaf<caller<main.x", 1, in_use, 9, true);
    place_add(profile, "main.y<main.x", 1, 50, 9, false);
    place_save(profile, name);
}

static void test_top(void **state) {
    (void)state;
    write_one("a", 100);
    assert_int_equal(PLACE_RUN(top_command, "top", "a"), 0);
    assert_string_equal(place_out, "inuse_space: Go memory 50 B, C memory 100 B\n"
                                   "all memory by stack, 2 objects\n"
                                   "\n"
                                   "     value   share    objects  stack, the allocation first\n"
                                   "     100 B   66.7%          1  leaf <- caller <- main.x\n"
                                   "      50 B   33.3%          1  main.y <- main.x\n");
}

static void test_several_files(void **state) {
    (void)state;
    write_one("a", 100);
    write_one("b", 900);
    assert_int_equal(PLACE_RUN(top_command, "top", "--by", "function", "--cum", "--ignore", "y$", "--lines", "1", "a", "b"), 0);
    assert_non_null(strstr(place_out, "   1.00 kB   90.9%          2    1.00 kB   90.9%  leaf  x.c\n"));
    assert_non_null(strstr(place_out, "and 2 more\n"));
}

static void test_wrong(void **state) {
    (void)state;
    assert_int_equal(PLACE_RUN(top_command, "top"), 2);
    assert_int_equal(PLACE_RUN(top_command, "top", "none"), 1);
    assert_int_equal(PLACE_RUN(top_command, "top", "-o", "x", "none"), 2);
    write_one("a", 1);
    assert_int_equal(PLACE_RUN(top_command, "top", "--type", "wall", "a"), 1);
    assert_non_null(strstr(place_error, "a: the profile has no such sample type; it has inuse_objects,"));
    assert_int_equal(PLACE_RUN(top_command, "top", "--help"), 0);
    assert_non_null(strstr(place_out, "usage: cmemprof top [OPTIONS] FILE...\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_top), cmocka_unit_test(test_several_files), cmocka_unit_test(test_wrong)};
    return cmocka_run_group_tests(tests, place_make, place_remove);
}
