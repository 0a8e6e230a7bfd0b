// fnv_test.c: the values of the definition (draft-eastlake-fnv), in one part and in several.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../fnv.h"

static void test_known_values(void **state) {
    (void)state;
    assert_true(fnv64(FNV64_START, "", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(fnv64(FNV64_START, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(fnv64(FNV64_START, "foobar", 6) == UINT64_C(0x85944171f73967e8));
    assert_true(fnv64(FNV64_START, "\xff", 1) == UINT64_C(0xaf64724c8602eb6e));
}

static void test_in_parts(void **state) {
    (void)state;
    assert_true(fnv64(fnv64(FNV64_START, "foo", 3), "bar", 3) == fnv64(FNV64_START, "foobar", 6));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known_values), cmocka_unit_test(test_in_parts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
