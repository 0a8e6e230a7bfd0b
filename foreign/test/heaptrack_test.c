// heaptrack_test.c: files of heaptrack. e2e/foreign compares real ones with heaptrack_print.

#include "../../base/test/test.h"

#include "expect.h"

#define TYPES "alloc_objects/count alloc_space/bytes peak_objects/count peak_space/bytes inuse_objects/count inuse_space/bytes\n"
#define HEAD                                                                                                                               \
    "v 10400 3\nX app\nI 1000 5e\ns 8 /bin/app\ns 4 main\ns 1 f\ns 3 a.c\ns 3 inl\ni 10 1 3 4 c 5 4 d\nt 1 0\ni 20 1 2\nt 2 1\n"           \
    "i 30 1\nt 3 2\n"

TEST(what_is_allocated_freed_and_left) {
    expect_read(FOREIGN_HEAPTRACK, HEAD "a 10 2\na 8 1\na 4 3\n+ 0\n+ 1\n- 0\n+ 1\n+ 2\nR 5\nc 7\n- 1\n# end\n",
                TYPES "f@a.c:12<inl@a.c:13 2 16 1 8 1 8\nmain<f@a.c:12<inl@a.c:13 1 16 1 16 0 0\n"
                      "/bin/app+0x30<main<f@a.c:12<inl@a.c:13 1 4 0 0 1 4\n");
}

TEST(what_was_before_heaptrack_does_not_count) {
    expect_read(FOREIGN_HEAPTRACK, HEAD "a 10 1\n+ 0\n+ 0\nA\n+ 0\n- 0\n", TYPES "f@a.c:12<inl@a.c:13 1 16 1 16 0 0\n");
}

TEST(older_files_have_texts_without_length) {
    expect_read(FOREIGN_HEAPTRACK, "v 10100 1\ns /bin/my app\ns f\ni 10 1 2\nt 1 0\na 8 1\n+ 0\nzz\n",
                TYPES "f 1 8 1 8 1 8\n[left out: 1 lines of an unknown kind]\n");
}

TEST(allocations_may_have_no_stack) {
    expect_read(FOREIGN_HEAPTRACK, "v 10400 3\na 8 0\n+ 0\n", TYPES " 1 8 1 8 1 8\n");
}

TEST(numbers_of_stacks_are_those_of_the_file) {
    expect_read(FOREIGN_HEAPTRACK, HEAD "a 8 0\nt 2 0\na 10 4\n+ 0\n+ 1\n", TYPES " 1 8 1 8 1 8\nmain 1 16 1 16 1 16\n");
}

// In the memory of a budget, however few bytes a stack takes in the file.
TEST(memory_is_bounded) {
    enum { STACKS = 1000000 };
    static const char head[] = "v 10400 3\nX app\n";
    struct merge_fault fault = {0};
    struct merge_budget budget = {.limit_bytes = 16 << 20}, *before = merge_use_budget(&budget);
    size_t size = sizeof head - 1 + (size_t)STACKS * 6;
    char *bytes = malloc(size);
    memcpy(bytes, head, sizeof head - 1);
    for (size_t i = sizeof head - 1; i < size; i += 6) {
        memcpy(bytes + i, "t 0 0\n", 6);
    }
    assert_null(foreign_read(FOREIGN_HEAPTRACK, bytes, size, NULL, &fault));
    merge_use_budget(before);
    assert_int_equal(fault.error, MERGE_NO_MEMORY);
    assert_true(budget.exceeded);
    assert_int_equal(budget.used_bytes, 0);
    free(bytes);
}

// A million stacks, and 200,000 times attached: clearing all sums each time would take hours.
TEST(starts_cost_nothing) {
    enum { STACKS = EXPECT_MANY(1000000), STARTS = EXPECT_MANY(200000) };
    struct text {
        char *bytes;
        size_t size;
    } text;
    FILE *out = open_memstream(&text.bytes, &text.size);
    fputs(HEAD "a 8 1\n+ 0\n", out);
    for (int i = 0; i < STACKS; i++) {
        fputs("t 1 0\n", out);
    }
    for (int i = 0; i < STARTS; i++) {
        fputs("A\n", out);
    }
    fputs("+ 0\n", out);
    fclose(out);
    expect_bytes(FOREIGN_HEAPTRACK, text.bytes, text.size, TYPES "f@a.c:12<inl@a.c:13 1 8 1 8 1 8\n");
    free(text.bytes);
}

TEST(damage_is_named) {
    expect_fault(FOREIGN_HEAPTRACK, "v 10400 9\n", 0, "line 1: version 9 of heaptrack's files; 1 to 3 are read");
    expect_fault(FOREIGN_HEAPTRACK, "v 10400 3\ns 9 abc\n", 10, "line 2: a text is not as long as it says");
    expect_fault(FOREIGN_HEAPTRACK, "v 10400 3\ni 10 1\n", 10, "line 2: a text that does not exist");
    expect_fault(FOREIGN_HEAPTRACK, "v 10400 3\nt 1 0\n", 10, "line 2: a stack of an address or a stack that does not exist");
    expect_fault(FOREIGN_HEAPTRACK, "v 10400 3\na 8 1\n", 10, "line 2: an allocation of a stack that does not exist");
    expect_fault(FOREIGN_HEAPTRACK, "v 10400 3\n+ 0\n", 10, "line 2: an allocation that does not exist");
}

int main(void) {
    return tests_run();
}
