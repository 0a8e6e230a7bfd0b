// signals_test.c: the program does not see the library's handlers, and they replace none of its own.

#include "../../base/test/test.h"

#include <signal.h>

#include "../signals.h"

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

int main(void) {
    return tests_run();
}
