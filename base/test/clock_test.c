// clock_test.c: the unit, between two readings of the kernel's own.
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

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

static void test_unit(void **state) {
    (void)state;
    check(CLOCK_MONOTONIC);
    check(CLOCK_PROCESS_CPUTIME_ID);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_unit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
