// process_stat_test.c: fields are found behind any name; those of a child are what the system says.

#include "test.h"

#include <sys/wait.h>

#include "../clock.h"
#include "../process_stat.h"

TEST(fields_are_counted_behind_the_name) {
    struct process_stat stat = {"7 (a) b (c d) 1 2) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29\n"};
    assert_int_equal(process_stat_number(&stat, PROCESS_STAT_USER), 14);
    assert_int_equal(process_stat_number(&stat, PROCESS_STAT_SYSTEM), 15);
    assert_int_equal(process_stat_number(&stat, PROCESS_STAT_START), 22);
    assert_int_equal(process_stat_number(&stat, PROCESS_STAT_VIRTUAL_BYTES), 23);
    assert_int_equal(process_stat_number(&stat, PROCESS_STAT_RESIDENT), 24);
    assert_int_equal(process_stat_number(&stat, PROCESS_STAT_STACK), 28);
}

TEST(what_is_not_there_is_0) {
    struct process_stat stat;
    assert_false(process_stat_read(&stat, "/no/such/file"));
    assert_int_equal(process_stat_number(&stat, PROCESS_STAT_START), 0);
    const char *const lines[] = {"", "7", "7 (a", "7 (a)", "7 (a) S 4 5 6 7 8 9 10 11 12 13"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        strcpy(stat.text, lines[i]);
        assert_int_equal(process_stat_number(&stat, PROCESS_STAT_USER), 0);
    }
}

static uint64_t ticks_since_boot(void) {
    return clock_ns(CLOCK_BOOTTIME) / 1000000 * (uint64_t)sysconf(_SC_CLK_TCK) / 1000;
}

TEST(of_a_child) {
    struct process_stat stat;
    int wait[2];
    char path[40], byte;
    assert_int_equal(pipe(wait), 0);
    uint64_t before = ticks_since_boot();
    pid_t child = fork();
    if (child == 0) {
        close(wait[1]);
        _exit((int)read(wait[0], &byte, 1));
    }
    uint64_t after = ticks_since_boot();
    snprintf(path, sizeof path, "/proc/%d/stat", (int)child);
    assert_true(process_stat_read(&stat, path));
    assert_in_range(process_stat_number(&stat, PROCESS_STAT_START) + 1, before, after + 1);
    assert_in_range(process_stat_number(&stat, PROCESS_STAT_VIRTUAL_BYTES),
                    process_stat_number(&stat, PROCESS_STAT_RESIDENT) * (uint64_t)sysconf(_SC_PAGESIZE), UINTPTR_MAX);
    assert_true(process_stat_number(&stat, PROCESS_STAT_STACK) >= (uintptr_t)&stat);
    close(wait[0]);
    close(wait[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

int main(void) {
    return tests_run();
}
