// signals_test.c: the program does not see the library's handlers, and they replace none of its own.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <signal.h>
#include <stdint.h>

#include "../signals.h"

static volatile int ours, theirs;

static void our_handler(int number) {
    ours = number;
}

static void their_handler(int number) {
    theirs = number;
}

static int forget(void **state) {
    (void)state;
    signals_reset(SIGUSR1);
    ours = theirs = 0;
    return 0;
}

static void handler_is_called_and_hidden(void **state) {
    (void)state;
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
static void restoring_the_default_reinstalls_ours(void **state) {
    (void)state;
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

static void program_handler_is_kept(void **state) {
    (void)state;
    signal(SIGUSR1, their_handler);
    signals_handle(SIGUSR1, our_handler);
    raise(SIGUSR1);
    assert_int_equal(theirs, SIGUSR1);
    signal(SIGUSR1, SIG_IGN);
    signals_handle(SIGUSR1, our_handler);
    raise(SIGUSR1);
    assert_int_equal(ours, 0);
}

static void errors_are_passed_on(void **state) {
    (void)state;
    struct sigaction now;
    assert_int_equal(sigaction(-1, NULL, &now), -1);
    assert_int_equal(sigaction(NSIG + 1, NULL, &now), -1);
    assert_ptr_equal(signal(SIGKILL, our_handler), SIG_ERR);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(handler_is_called_and_hidden, forget),
        cmocka_unit_test_setup(restoring_the_default_reinstalls_ours, forget),
        cmocka_unit_test_setup(program_handler_is_kept, forget),
        cmocka_unit_test_setup(errors_are_passed_on, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
