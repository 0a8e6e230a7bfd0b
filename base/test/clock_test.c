// clock_test.c: the unit, between two readings of the kernel's own.

#include "test.h"

#include "../clock.h"

static void check(clockid_t clock) {
    struct timespec before, after;
    clock_gettime(clock, &before);
    uint64_t ns = clock_ns(clock);
    clock_gettime(clock, &after);
    struct timespec now = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
    assert_true(now.tv_sec > before.tv_sec || (now.tv_sec == before.tv_sec && now.tv_nsec >= before.tv_nsec));
    assert_true(now.tv_sec < after.tv_sec || (now.tv_sec == after.tv_sec && now.tv_nsec <= after.tv_nsec));
}

TEST(unit) {
    check(CLOCK_MONOTONIC);
    check(CLOCK_PROCESS_CPUTIME_ID);
}

int main(void) {
    return tests_run();
}
