// clock_test.c: the unit, between two readings of the kernel's own; another thread's clock, until it has ended.

#include "test.h"

#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <unistd.h>

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

static sem_t begun, may_end;
static int32_t other_id;
static uint64_t other_ns;

static void *other(void *unused) {
    other_id = (int32_t)syscall(SYS_gettid);
    while ((other_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID)) < 1000000) {
    }
    sem_post(&begun);
    sem_wait(&may_end);
    return unused;
}

TEST(of_a_thread) {
    pthread_t thread;
    uint64_t before = clock_ns(CLOCK_THREAD_CPUTIME_ID), ns = clock_ns(clock_of_thread((int32_t)syscall(SYS_gettid)));
    assert_in_range(ns, before, clock_ns(CLOCK_THREAD_CPUTIME_ID));
    assert_int_equal(sem_init(&begun, 0, 0) | sem_init(&may_end, 0, 0), 0);
    before = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    assert_int_equal(pthread_create(&thread, NULL, other, NULL), 0);
    sem_wait(&begun);
    ns = clock_ns(clock_of_thread(other_id));
    assert_in_range(ns, other_ns, clock_ns(CLOCK_PROCESS_CPUTIME_ID) - before);
    sem_post(&may_end);
    pthread_join(thread, NULL);
    for (int i = 0; i < 6000 && clock_ns(clock_of_thread(other_id)) != 0; i++) { // it may be there for a moment after the join
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    assert_int_equal(clock_ns(clock_of_thread(other_id)), 0);
}

int main(void) {
    return tests_run();
}
