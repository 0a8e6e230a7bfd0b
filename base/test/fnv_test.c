// fnv_test.c: the values of the definition (draft-eastlake-fnv), in one part and in several.

#include "test.h"

#include "../fnv.h"

TEST(known_values) {
    assert_true(fnv64(FNV64_START, "", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(fnv64(FNV64_START, NULL, 0) == FNV64_START);
    assert_true(fnv64(FNV64_START, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(fnv64(FNV64_START, "foobar", 6) == UINT64_C(0x85944171f73967e8));
    assert_true(fnv64(FNV64_START, "\xff", 1) == UINT64_C(0xaf64724c8602eb6e));
}

TEST(in_parts) {
    assert_true(fnv64(fnv64(FNV64_START, "foo", 3), "bar", 3) == fnv64(FNV64_START, "foobar", 6));
}

int main(void) {
    return tests_run();
}
