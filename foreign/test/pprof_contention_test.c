// pprof_contention_test.c: contention profiles as text.

#include "../../base/test/test.h"

#include "expect.h"

TEST(cycles_become_nanoseconds) {
    expect_read(FOREIGN_PPROF_CONTENTION,
                "--- contentionz 1 ---\ncycles/second = 2000000000\nsampling period = 100\nms since reset = 5\ndiscarded samples = 0\n"
                "  2000 3 @ 0x11 0x21\n",
                "contentions/count delay/nanoseconds\n+0x10<+0x20 300 100000\n");
}

TEST(gos_form_has_names) {
    expect_read(FOREIGN_PPROF_CONTENTION,
                "--- mutex:\ncycles/second=1000000000\nsampling period=1\n500 2 @ 0x11\n#\t0x10\tmain.f+0x1\t/a.go:3\n\n7 1 @ 0x21\n",
                "contentions/count delay/nanoseconds\nmain.f@/a.go:3 2 500\n+0x20 1 7\n");
}

TEST(damage_is_named) {
    expect_fault(FOREIGN_PPROF_CONTENTION, "--- contentionz 1 ---\nformat = java\n", 22,
                 "line 2: a contention profile of Java, which is not read here");
    expect_fault(FOREIGN_PPROF_CONTENTION, "--- mutex:\ncycles/second=x\n", 11, "line 2: the value is no number");
    expect_fault(FOREIGN_PPROF_CONTENTION, "--- mutex:\nmiles=5\n", 11, "line 2: an unknown attribute");
    expect_fault(FOREIGN_PPROF_CONTENTION, "--- mutex:\n5 @ 0x11\n", 11, "line 2: no sample: \"123456 7 @ 0x4010\" is expected");
}

int main(void) {
    return tests_run();
}
