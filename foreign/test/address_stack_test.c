// address_stack_test.c: stacks of addresses, and the names below them.

#include "../../base/test/test.h"

#include "expect.h"

TEST(names_belong_to_their_addresses) {
    expect_read(FOREIGN_PPROF_COUNT,
                "goroutine profile: total 3\n2 @ 0x101 0x201 "
                "0x301\n#\t0x100\tmain.inlined+0x10\t/src/a.go:5\n#\t0x100\tmain.f+0x20\t\t/src/a.go:9\n"
                "#\t0x300\tmain.main+0x5\t/src/a b.go:12\n\n1 @ 0x101\n",
                "goroutine/count\nmain.inlined@/src/a.go:5<main.f@/src/a.go:9<+0x200<main.main@/src/a b.go:12 2\n+0x100 1\n");
}

TEST(other_comments_are_passed_over) {
    expect_read(FOREIGN_PPROF_COUNT, "threadcreate profile: total 1\n1 @ 0x101\n# labels: {\"a\":\"b\"}\n#\t0xzz\tx\n#\t0x100\n",
                "threadcreate/count\n+0x100 1\n");
}

// None of a million addresses is one of a million names: looking at each name for each would take minutes.
TEST(names_of_others_cost_little) {
    enum { COUNT = EXPECT_MANY(1000000) };
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fputs("goroutine profile: total 3\n2 @", out);
    for (int i = 0; i < COUNT; i++) {
        fputs(" 0x5", out);
    }
    for (int i = 0; i < COUNT; i++) {
        fputs("\n#\t0x9\tf", out);
    }
    fclose(out);
    struct profile *profile = foreign_read(FOREIGN_PPROF_COUNT, text, size, NULL, NULL);
    assert_non_null(profile);
    assert_int_equal(profile_sample_count(profile), 1);
    profile_free(profile);
    free(text);
}

int main(void) {
    return tests_run();
}
