// objects_type_test.c: which type counts objects.

#include "../../../base/test/test.h"

#include "../objects_type.h"

TEST(objects_of_a_type) {
    struct profile *profile = profile_new();
    profile_add_sample_type(profile, "alloc_objects", "count");
    profile_add_sample_type(profile, "alloc_space", "bytes");
    assert_int_equal(objects_type_of(profile, "alloc_space"), 0);
    assert_int_equal(objects_type_of(profile, "inuse_space"), -1);
    assert_int_equal(objects_type_of(profile, "alloc_objects"), -1);
    assert_int_equal(objects_type_of(profile, "cpu"), -1);
    assert_int_equal(objects_type_of(profile, ""), -1);
    assert_int_equal(objects_type_of(profile, "a_name_that_is_longer_than_any_that_is_known_space"), -1);
    profile_free(profile);
}

int main(void) {
    return tests_run();
}
