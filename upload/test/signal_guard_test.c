// signal_guard_test.c: signals raised by guarded writes are consumed, others are kept.

#include "../../base/test/test.h"

#include "../signal_guard.h"

#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

static void write_to_closed_pipe(void) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), -1); // raises SIGPIPE, which would end the program
    close(ends[1]);
}

static void write_over_the_limit(void) {
    struct rlimit before, none = {0};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none.rlim_max = before.rlim_max;
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_equal(write(fileno(file), "x", 1), -1); // raises SIGXFSZ
    assert_int_equal(errno, EFBIG);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    fclose(file);
}

static int is_in(int how_pending, int signal_number) {
    sigset_t set;
    if (how_pending) {
        sigpending(&set);
    } else {
        pthread_sigmask(SIG_SETMASK, NULL, &set);
    }
    return sigismember(&set, signal_number);
}

TEST(own_signals_are_taken_away) {
    struct upload_signal_guard guard;
    upload_signal_guard_begin(&guard);
    write_to_closed_pipe();
    write_over_the_limit();
    upload_signal_guard_end(&guard);
    assert_false(is_in(1, SIGPIPE) || is_in(1, SIGXFSZ));
    assert_false(is_in(0, SIGPIPE) || is_in(0, SIGXFSZ));
}

TEST(signal_from_before_stays) {
    sigset_t only_sigpipe;
    sigemptyset(&only_sigpipe);
    sigaddset(&only_sigpipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &only_sigpipe, NULL);
    write_to_closed_pipe();
    struct upload_signal_guard guard;
    upload_signal_guard_begin(&guard);
    write_to_closed_pipe();
    upload_signal_guard_end(&guard);
    assert_true(is_in(1, SIGPIPE));
    assert_true(is_in(0, SIGPIPE));
    assert_false(is_in(0, SIGXFSZ));
    int taken;
    sigwait(&only_sigpipe, &taken);
    pthread_sigmask(SIG_UNBLOCK, &only_sigpipe, NULL);
}

int main(void) {
    return tests_run();
}
