// signals_test.c: the program does not see the library's handlers, and they replace none of its own.

#include "../../base/test/test.h"
#include "../../base/test/emulated.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "../../base/clock.h"
#include "../../cmemprof/profiler.h"
#include "../signals.h"
#include "../time_profile.h"

static volatile int ours, theirs;

static void our_handler(int number) {
    ours = number;
}

static void their_handler(int number) {
    theirs = number;
}

static void forget(void) {
    signals_reset(SIGUSR1);
    ours = theirs = 0;
}

TEST(handler_is_called_and_hidden) {
    forget();
    struct sigaction now = {.sa_handler = their_handler};
    signals_handle(SIGUSR1, our_handler);
    assert_int_equal(sigaction(SIGUSR1, NULL, &now), 0);
    assert_ptr_equal(now.sa_handler, SIG_DFL);
    raise(SIGUSR1);
    assert_int_equal(ours, SIGUSR1);
    assert_ptr_equal(signal(SIGUSR1, their_handler), SIG_DFL);
    assert_ptr_equal(signal(SIGUSR1, their_handler), their_handler);
    raise(SIGUSR1);
    assert_int_equal(theirs, SIGUSR1);
}

// For programs that restore what they found.
TEST(restoring_the_default_reinstalls_ours) {
    forget();
    struct sigaction before;
    signals_handle(SIGUSR1, our_handler);
    assert_int_equal(sigaction(SIGUSR1, &(struct sigaction){.sa_handler = their_handler}, &before), 0);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    raise(SIGUSR1);
    assert_int_equal(ours, SIGUSR1);
    ours = 0;
    assert_ptr_equal(signal(SIGUSR1, SIG_IGN), SIG_DFL);
    raise(SIGUSR1);
    assert_int_equal(ours, 0);
    assert_ptr_equal(signal(SIGUSR1, SIG_DFL), SIG_IGN);
    raise(SIGUSR1);
    assert_int_equal(ours, SIGUSR1);
    assert_int_equal(theirs, 0);
}

TEST(program_handler_is_kept) {
    forget();
    signal(SIGUSR1, their_handler);
    signals_handle(SIGUSR1, our_handler);
    raise(SIGUSR1);
    assert_int_equal(theirs, SIGUSR1);
    signal(SIGUSR1, SIG_IGN);
    signals_handle(SIGUSR1, our_handler);
    raise(SIGUSR1);
    assert_int_equal(ours, 0);
}

TEST(errors_are_passed_on) {
    forget();
    struct sigaction now;
    assert_int_equal(sigaction(-1, NULL, &now), -1);
    assert_int_equal(sigaction(NSIG + 1, NULL, &now), -1);
    assert_ptr_equal(signal(SIGKILL, our_handler), SIG_ERR);
}

// A thread that blocks all signals, and has been sent one of the time profile's.
TEST(who_waits_for_signals_is_not_given_the_time_profiles) {
    SKIP_EMULATED("there are no timers of other threads' CPU time");
    sigset_t all, before;
    siginfo_t info;
    int number = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert_null(time_profile_start(&profiler, 1000));
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    for (int i = 0; i < 3; i++) {
        for (uint64_t until = clock_ns(CLOCK_THREAD_CPUTIME_ID) + 50000000; clock_ns(CLOCK_THREAD_CPUTIME_ID) < until;) {
        }
        sigset_t pending;
        sigpending(&pending);
        assert_true(sigismember(&pending, TIME_SIGNAL) == 1);
        if (i == 2) {
            errno = 0;
            assert_int_equal(sigtimedwait(&all, &info, &(struct timespec){.tv_nsec = 1000000}), -1);
            assert_int_equal(errno, EAGAIN);
            break;
        }
        raise(SIGALRM);
        if (i == 0) {
            assert_int_equal(sigwait(&all, &number), 0);
        } else {
            number = sigwaitinfo(&all, NULL);
        }
        assert_int_equal(number, SIGALRM);
    }
    time_profile_stop();
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int main(void) {
    return tests_run();
}
