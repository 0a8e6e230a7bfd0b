// time_threads_test.c: threads are met and forgotten; those that compute get signals, those that block the signal none.

#include "../../base/test/test.h"
#include "../../base/test/emulated.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../../base/clock.h"
#include "../time_threads.h"

enum { PERIOD_NS = 10000000, BURN_NS = 500000000, COOKIE = 0x1234567 };

static struct time_threads threads;
static _Atomic int signals;
static _Atomic int32_t signalled;
static _Atomic int met, met_new, lost;

static void on_signal(int number, siginfo_t *info, void *context) {
    (void)number, (void)context;
    int32_t id = time_threads_sent_to(COOKIE, info);
    if (id == (int32_t)syscall(SYS_gettid) && time_threads_sent_to(COOKIE + 1, info) == 0) {
        atomic_store(&signalled, id);
        atomic_fetch_add(&signals, 1);
    }
}

static void on_met(void *value, int32_t id, uint64_t cpu_ns, bool is_new) {
    met += value == &threads && id > 0 && cpu_ns > 0;
    met_new += is_new;
}

static void on_lost(void *value, int32_t id) {
    lost += value == &threads && id > 0;
}

static int threads_setup(void **state) {
    (void)state;
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    signals = met = met_new = lost = 0;
    time_threads_open(&threads, SIGURG, COOKIE, PERIOD_NS, &threads, on_met, on_lost);
    return sigaction(SIGURG, &action, NULL);
}
static int threads_teardown(void **state) {
    (void)state;
    time_threads_close(&threads, false);
    return 0;
}

static sem_t begun, go_on;
static struct {
    _Atomic int32_t id;
    bool blocks;
} worker;

static void *work(void *context) {
    sigset_t urgent;
    sigemptyset(&urgent);
    sigaddset(&urgent, SIGURG);
    pthread_sigmask(worker.blocks ? SIG_BLOCK : SIG_UNBLOCK, &urgent, NULL);
    prctl(PR_SET_NAME, "a worker");
    worker.id = (int32_t)syscall(SYS_gettid);
    sem_post(&begun);
    sem_wait(&go_on);
    for (uint64_t until = clock_ns(CLOCK_THREAD_CPUTIME_ID) + BURN_NS; clock_ns(CLOCK_THREAD_CPUTIME_ID) < until;) {
    }
    return context;
}

static pthread_t start_worker(bool blocks) {
    pthread_t thread;
    worker.blocks = blocks;
    sem_init(&begun, 0, 0);
    sem_init(&go_on, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, work, NULL), 0);
    sem_wait(&begun);
    return thread;
}

static bool look(void) {
    return time_threads_look(&threads, time_threads_links(), false);
}

static void end_worker(pthread_t thread) {
    sem_post(&go_on);
    pthread_join(thread, NULL);
}

TEST_IN(threads, they_are_met_and_forgotten) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    assert_true(look());
    assert_int_equal(threads.count, 1);
    assert_false(look());
    pthread_t thread = start_worker(false);
    assert_true(look()); // the kernel's list is longer
    const struct time_thread *known = time_threads_find(&threads, worker.id);
    assert_non_null(known);
    assert_string_equal(known->name, "a worker");
    assert_int_equal(met, 2);
    assert_int_equal(met_new, 1);
    assert_true(clock_ns(clock_of_thread(worker.id)) > 0);
    end_worker(thread);
    // The kernel may list it for a moment after the join.
    for (int i = 0; i < 6000 && time_threads_find(&threads, worker.id); i++) {
        time_threads_look(&threads, 0, true);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    assert_null(time_threads_find(&threads, worker.id));
    assert_int_equal(clock_ns(clock_of_thread(worker.id)), 0);
    assert_non_null(time_threads_find(&threads, getpid()));
}

// Without a sign the list is read after a while only; with one at once, also if there are as many threads as before.
TEST_IN(threads, a_sign_has_the_list_read) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    time_threads_look(&threads, 1, true);
    pthread_t thread = start_worker(false);
    threads.read_ns = clock_ns(CLOCK_MONOTONIC) + 3600000000000; // it has just been read, however slow this machine is
    threads.has_young = false;
    assert_false(time_threads_look(&threads, 1, false));
    assert_null(time_threads_find(&threads, worker.id));
    assert_true(time_threads_look(&threads, 2, false));
    assert_non_null(time_threads_find(&threads, worker.id));
    end_worker(thread);
}

// One that pthread_create has just begun blocks all signals for a moment, and is looked at again soon.
TEST_IN(threads, the_young_are_looked_at_again) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    pthread_t thread = start_worker(true);
    time_threads_look(&threads, 1, true);
    uint32_t rounds = threads.round;
    for (int i = 0; i < 20; i++) {
        threads.read_ns = clock_ns(CLOCK_MONOTONIC) + 3600000000000;
        time_threads_look(&threads, 1, false);
    }
    assert_in_range(threads.round - rounds, 3, 8);
    end_worker(thread);
}

// 50 periods; a kernel looks at these timers at its ticks, which come late where the machine is busy.
TEST_IN(threads, who_computes_gets_signals) {
    SKIP_EMULATED("qemu-user has no timers that signal one thread");
    pthread_t thread = start_worker(false);
    time_threads_look(&threads, 0, true);
    end_worker(thread);
    assert_in_range(signals, 1, 52);
    assert_int_equal(signalled, worker.id);
}

TEST_IN(threads, who_blocks_the_signal_gets_none) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    pthread_t thread = start_worker(true);
    time_threads_look(&threads, 0, true);
    assert_int_equal(time_threads_find(&threads, worker.id)->timer, TIME_NO_TIMER);
    assert_true(time_threads_blocked(&threads) >= 1); // one that ends blocks all, too
    end_worker(thread);
    assert_int_equal(threads.timerless, 0);
}

// pthread_create begins a thread with all signals blocked.
TEST_IN(threads, who_blocks_it_no_more_gets_signals) {
    pthread_t thread = start_worker(true);
    time_threads_look(&threads, 0, true);
    assert_int_equal(time_threads_find(&threads, worker.id)->timer, TIME_NO_TIMER);
    time_threads_find(&threads, worker.id)->is_blocked = false; // as if it had been met a moment later
    threads.masks_ns = 0;
    time_threads_find(&threads, worker.id)->checked_ns = 0;
    time_threads_look(&threads, 0, true);
    assert_true(time_threads_find(&threads, worker.id)->is_blocked);
    end_worker(thread);
    thread = start_worker(false);
    time_threads_look(&threads, 0, true);
    time_threads_find(&threads, worker.id)->is_blocked = true; // as if it had been met in its first moment
    for (int i = 0; i < 2; i++) {
        time_threads_look(&threads, 0, true);
    }
    assert_false(time_threads_find(&threads, worker.id)->is_blocked);
    assert_int_not_equal(time_threads_find(&threads, worker.id)->timer, TIME_NO_TIMER);
    end_worker(thread);
}

// Each takes one of the signals that may be pending.
TEST_IN(threads, there_are_no_more_timers_than_the_user_may_have_signals) {
    threads.most_timers = 1;
    pthread_t thread = start_worker(false);
    time_threads_look(&threads, 0, true);
    time_threads_look(&threads, 0, true);
    assert_int_equal(threads.timers, 1);
    assert_int_equal(threads.timerless, 1); // not once a look
    end_worker(thread);
}

TEST_IN(threads, closed_there_are_no_more_signals) {
    pthread_t thread = start_worker(false);
    time_threads_look(&threads, 0, true);
    time_threads_close(&threads, false);
    end_worker(thread);
    assert_int_equal(signals, 0);
    time_threads_look(&threads, 0, true); // no effect
    assert_int_equal(threads.count, 0);
}

int main(void) {
    return tests_run();
}
