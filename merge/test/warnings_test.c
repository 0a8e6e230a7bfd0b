// warnings_test.c: warnings among the comments of a profile.

#include "../../base/test/test.h"

#include "../merge.h"

// Of those that differ in their numbers the worst, as a merge of a service's profiles has one for each percentage.
TEST(warnings) {
    static const char *const comments[] = {"cmemprof: samples=12",
                                           "cmemprof: warning: too low: 9 % were dropped",
                                           "cmemprof: warning: names are missing",
                                           "cmemprof: warning: too low: 31 % were dropped",
                                           "cmemprof: warning: too low: 10 % were dropped",
                                           "cmemprof: warning: names are missing",
                                           "a cmemprof: warning: of somebody else"};
    struct profile *profile = profile_new();
    const char *texts[3];
    assert_int_equal(profile_warnings(profile, texts, 3), 0);
    for (size_t i = 0; i < sizeof comments / sizeof *comments; i++) {
        profile_add_comment(profile, comments[i]);
    }
    assert_int_equal(profile_warnings(profile, texts, 3), 2);
    assert_string_equal(texts[0], "too low: 31 % were dropped");
    assert_string_equal(texts[1], "names are missing");
    assert_string_equal(profile_comment_after(profile, "cmemprof: samples="), "12");
    assert_null(profile_comment_after(profile, "samples="));
    assert_int_equal(profile_warnings(profile, texts, 1), 1);
    profile_free(profile);
}

int main(void) {
    return tests_run();
}
