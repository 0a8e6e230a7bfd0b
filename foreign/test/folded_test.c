// folded_test.c: folded stacks.

#include "../../base/test/test.h"

#include "expect.h"

TEST(stacks_are_from_the_root) {
    expect_read(FOREIGN_FOLDED, "main;f;g 12\nmain 3\nmain;f;g 1\n", "samples/count\ng<f<main 13\nmain 3\n");
}

TEST(names_may_have_blanks_and_lines_ends_of_windows) {
    expect_read(FOREIGN_FOLDED, "java/lang/Thread.run;void f(int, char) 7\r\n# a comment\n\nm;x y 2",
                "samples/count\nvoid f(int, char)<java/lang/Thread.run 7\nx y<m 2\n");
}

TEST(fractions_add_up) {
    expect_read(FOREIGN_FOLDED, "a;b 0.4\na;c 0.4\na;d 0.4\na;e 1.8\n", "samples/count\nb<a 0\nc<a 1\nd<a 0\ne<a 2\n");
}

TEST(lines_without_a_value_are_counted) {
    char text[2000] = "";
    for (int i = 0; i < 12; i++) {
        strcat(text, "a;b 1\n");
    }
    strcat(text, "no value\n;;; 5\n7\n");
    expect_read(FOREIGN_FOLDED, text, "samples/count\nb<a 12\n(no stack) 5\n[left out: 2 lines without a value at their end]\n");
}

TEST(samples_may_have_no_stack) {
    expect_read(FOREIGN_FOLDED, "a;b 1\n 3\n", "samples/count\nb<a 1\n(no stack) 3\n");
}

TEST(what_is_no_list_of_stacks_is_told_apart) {
    assert_int_equal(foreign_detect("a b 1\nc d 2\n", 12), FOREIGN_NONE); // no stack of two frames
    assert_int_equal(foreign_detect("a;b 1\nc;d\n", 10), FOREIGN_NONE);
    assert_int_equal(foreign_detect("a;b 1.2.3\n", 10), FOREIGN_NONE);
    assert_int_equal(foreign_detect("", 0), FOREIGN_NONE);
}

TEST(a_type_may_be_given) {
    struct merge_fault fault;
    struct profile *profile = foreign_read_folded("a;b 64\n", 7, "alloc_space", "bytes", NULL, &fault);
    char *text = expect_dump(profile);
    assert_string_equal(text, "alloc_space/bytes\nb<a 64\n");
    free(text);
    profile_free(profile);
}

int main(void) {
    return tests_run();
}
