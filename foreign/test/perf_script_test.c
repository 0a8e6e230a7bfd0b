// perf_script_test.c: the text of perf script.

#include "../../base/test/test.h"

#include "expect.h"

TEST(stacks_events_and_labels) {
    expect_read(FOREIGN_PERF_SCRIPT,
                "# captured\n"
                "            ls  7700 12.500000:     250000 cpu-clock:pppH: \n"
                "\tffffffff81a8 do_it(int, char (*)[3])+0x1c ([kernel.kallsyms])\n\t         1f inl (inlined)\n\t   7fcd [unknown] (/lib/a "
                "b.so)\n\n"
                "Web Content  7/8 [001] 13.5: 3 page-faults: \n\t10 main+0x1 ([unknown])\n\n",
                "samples/count cpu-clock/nanoseconds page-faults/count\n"
                "do_it(int, char (*)[3])<inl</lib/a b.so+0x7fcd 1 250000 0 thread name=ls thread id=7700 event=cpu-clock\n"
                "main 1 0 3 thread name=Web Content thread id=8 event=page-faults process id=7\n"
                "[2 events are in one profile: samples of different events are no sum, and have the label event]\n");
}

TEST(files_may_be_deleted) {
    expect_read(
        FOREIGN_PERF_SCRIPT,
        "ls 1 2.5: 7 cycles:u: \n\t7f12 [unknown] (/memfd:doublemapper (deleted))\n\t10 main+0x1f (/usr/bin/app (deleted))\n"
        "\t11 (anonymous namespace)::f(int (*)(int))+0x2 (/opt/a (x86)/b)\n\t12 inl (int) (/usr/bin/app (deleted))\n\n",
        "samples/count cycles/count\n"
        "/memfd:doublemapper (deleted)+0x7f12<main<(anonymous namespace)::f(int (*)(int))<inl (int) 1 7 thread name=ls thread id=1\n");
}

TEST(samples_without_stacks_are_of_one_line) {
    expect_read(FOREIGN_PERF_SCRIPT, "ls 1 2.5: 7 cycles:u:  10 f+0x2 (/bin/ls)\nls 1 2.6: 8 cycles:u:  20 f+0x12 (/bin/ls)\n",
                "samples/count cycles/count\nf 2 15 thread name=ls thread id=1\n");
}

TEST(periods_may_be_missing) {
    expect_read(FOREIGN_PERF_SCRIPT, "ls 1 2.5: sched:sched_switch: prev_comm=x\n\t10 f+0x2 (/bin/ls)\n\n",
                "samples/count\nf 1 thread name=ls thread id=1\n");
}

TEST(other_lines_are_counted) {
    expect_read(FOREIGN_PERF_SCRIPT, "ls 1 2.5: 1 cycles: \n\t10 f+0x2 (/bin/ls)\n  f.c:12\n\n",
                "samples/count cycles/count\nf 1 1 thread name=ls thread id=1\n[left out: 1 lines that are neither samples nor frames]\n");
}

int main(void) {
    return tests_run();
}
