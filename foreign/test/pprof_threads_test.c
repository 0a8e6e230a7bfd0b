// pprof_threads_test.c: stacks of threads and goroutines as text.

#include "../../base/test/test.h"

#include "expect.h"

TEST(threads_count_one_each) {
    expect_read(
        FOREIGN_PPROF_THREADS,
        "--- threadz 1 ---\n\n--- Thread 7f1c (name: main/12) stack: ---\n  0x10 f\n  0x21 main\n--- Thread 7f1d (name: w/13) stack: ---\n"
        "  [same as previous thread]\n--- Thread 7f1e (name: w/14) stack: ---\n 0x31 0x31 0x41\n---- no stack trace for: 5\n",
        "thread/count\n+0x10<+0x20 2\n+0x31<+0x40 1\n");
}

TEST(goroutines_have_counts) {
    expect_read(FOREIGN_PPROF_COUNT, "goroutine profile: total 3\n2 @ 0x11 0x21\n1 @ 0x31\n--- end\n5 @ 0x1\n",
                "goroutine/count\n+0x10<+0x20 2\n+0x30 1\n");
}

TEST(damage_is_named) {
    expect_fault(FOREIGN_PPROF_COUNT, "MAPPED_LIBRARIES:\n", 0, "it has no samples"); // no line before
    expect_fault(FOREIGN_PPROF_COUNT, "goroutine profile: total 3\n2 0x11\n", 27, "line 2: no sample: \"2 @ 0x4010\" is expected");
    expect_fault(FOREIGN_PPROF_THREADS, "--- Thread 1 (name: a/1) stack: ---\n 0x1\n--- what\n", 41, "line 3: \"--- Thread\" is expected");
}

int main(void) {
    return tests_run();
}
