// instance_id_test.c: ids have the form of a UUID of version 8, and tell processes and seeds apart.

#include "test.h"

#include "../instance_id.h"

TEST(ids) {
    char first[INSTANCE_ID_BYTES], again[INSTANCE_ID_BYTES], other[INSTANCE_ID_BYTES];
    instance_id("5eed", "12-345", first);
    instance_id("5eed", "12-345", again);
    assert_string_equal(first, again);
    assert_int_equal(strlen(first), 36);
    assert_int_equal(strspn(first, "0123456789abcdef-"), 36);
    assert_true(first[8] == '-' && first[13] == '-' && first[14] == '8' && first[18] == '-' && strchr("89ab", first[19]) &&
                first[23] == '-');
    instance_id("5eed", "12-346", other);
    assert_string_not_equal(first, other);
    instance_id("5eee", "12-345", other);
    assert_string_not_equal(first, other);
    instance_id("5eed1", "2-345", other); // not the same bytes
    assert_string_not_equal(first, other);
}

int main(void) {
    return tests_run();
}
