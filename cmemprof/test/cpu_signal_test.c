// cpu_signal_test.c: who gets SIGPROF, with handlers before and behind this one.

#include "../../base/test/test.h"

#include <errno.h>

#include "../cpu_signal.h"

static int seen, taken, errno_seen;
static bool takes;
static const void *context_seen;

static void behind(int number, siginfo_t *info, void *context) {
    assert_int_equal(number, SIGPROF);
    assert_int_equal(info->si_signo, SIGPROF);
    context_seen = context;
    errno_seen = errno;
    seen++;
}

static bool take(const siginfo_t *info, const void *context) {
    assert_int_equal(info->si_signo, SIGPROF);
    assert_non_null(context);
    errno = 5;
    taken++;
    return takes;
}

static void set(void (*handler)(int, siginfo_t *, void *)) {
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    action.sa_sigaction = handler;
    sigfillset(&action.sa_mask);
    assert_int_equal(sigaction(SIGPROF, &action, NULL), 0);
}

static int handler_setup(void **state) {
    (void)state;
    set(behind);
    seen = taken = 0;
    takes = false;
    return 0;
}

static int handler_teardown(void **state) {
    (void)state;
    cpu_signal_stop();
    return 0;
}

TEST(no_handler_no_front) {
    assert_ptr_not_equal(signal(SIGPROF, SIG_DFL), SIG_ERR);
    assert_false(cpu_signal_start(take));
    assert_ptr_not_equal(signal(SIGPROF, SIG_IGN), SIG_ERR);
    assert_false(cpu_signal_start(take));
    raise(SIGPROF);
    cpu_signal_stop();
    struct sigaction now;
    sigaction(SIGPROF, NULL, &now);
    assert_ptr_equal(now.sa_handler, SIG_IGN);
}

TEST_IN(handler, what_is_not_taken_goes_on) {
    assert_true(cpu_signal_start(take));
    assert_false(cpu_signal_start(take)); // it is there
    errno = 77;
    raise(SIGPROF);
    assert_int_equal(taken, 1);
    assert_int_equal(seen, 1);
    assert_int_equal(errno_seen, 77);
    assert_non_null(context_seen);
    takes = true;
    errno = 77;
    raise(SIGPROF);
    assert_int_equal(errno, 77);
    assert_int_equal(taken, 2);
    assert_int_equal(seen, 1);
    struct sigaction now;
    sigaction(SIGPROF, NULL, &now);
    assert_int_equal(now.sa_flags & (SA_ONSTACK | SA_RESTART | SA_SIGINFO), SA_ONSTACK | SA_RESTART | SA_SIGINFO);
    assert_int_equal(sigismember(&now.sa_mask, SIGURG), 1);
}

TEST_IN(handler, after_the_stop_all_is_as_before) {
    for (int i = 0; i < 3; i++) {
        assert_true(cpu_signal_start(take));
        cpu_signal_stop();
        cpu_signal_stop();
        struct sigaction now;
        sigaction(SIGPROF, NULL, &now);
        assert_ptr_equal(now.sa_sigaction, behind);
    }
    raise(SIGPROF);
    assert_int_equal(taken, 0);
    assert_int_equal(seen, 1);
}

// ---- Somebody in front ----

static struct sigaction passed_on;
static int in_front;

static void front(int number, siginfo_t *info, void *context) {
    in_front++;
    passed_on.sa_sigaction(number, info, context);
}

// The last test: it is never put there again.
TEST_IN(handler, a_handler_in_front_stays) {
    assert_true(cpu_signal_start(take));
    sigaction(SIGPROF, NULL, &passed_on);
    set(front);
    takes = true;
    raise(SIGPROF);
    assert_int_equal(taken, 1);
    assert_int_equal(seen, 0);
    cpu_signal_stop();
    struct sigaction now;
    sigaction(SIGPROF, NULL, &now);
    assert_ptr_equal(now.sa_sigaction, front);
    raise(SIGPROF);
    assert_int_equal(taken, 1);
    assert_int_equal(seen, 1);
    assert_int_equal(in_front, 2);
    assert_false(cpu_signal_start(take)); // theirs passes on to this one
    raise(SIGPROF);
    assert_int_equal(in_front, 3);
    assert_int_equal(seen, 2);
}

int main(void) {
    return tests_run();
}
