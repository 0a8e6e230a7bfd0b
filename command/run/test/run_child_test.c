// run_child_test.c: a child starts with the original mask and gets forwarded signals; its status is mapped as in a shell.

#include "../../../base/test/test.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../run_child.h"

static sigset_t before;

static int mask_setup(void **state) {
    (void)state;
    return sigprocmask(SIG_SETMASK, NULL, &before);
}

static int mask_teardown(void **state) {
    (void)state;
    return sigprocmask(SIG_SETMASK, &before, NULL);
}

static bool start(struct run_child *child, const char *path, const char *script, bool family) {
    char *argv[] = {"sh", "-c", (char *)script, NULL};
    return run_child_start(child, path, argv, environ, family);
}

static int status_of(const char *script) {
    struct run_child child;
    mask_teardown(NULL); // as before a second start in one process
    assert_true(start(&child, "/bin/sh", script, false));
    while (run_child_wait(&child, 0)) {
    }
    assert_true(child.ended);
    return run_child_status(&child);
}

TEST_IN(mask, status_is_that_of_a_shell) {
    assert_int_equal(status_of("exit 0"), 0);
    assert_int_equal(status_of("exit 37"), 37);
    assert_int_equal(status_of("kill -TERM $$"), 128 + SIGTERM);
}

TEST_IN(mask, what_cannot_be_executed_tells_why) {
    struct run_child child;
    (void)state;
    assert_false(start(&child, "/nonexistent/program", "", false));
    assert_int_equal(errno, ENOENT);
    assert_false(start(&child, "/etc", "", false));
    assert_int_equal(errno, EACCES);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // no child is left
}

// Otherwise ^C would not end it. SigBlk is in hex; bit 0 is signal 1.
TEST_IN(mask, the_mask_is_ours_of_before) {
    sigemptyset(&before); // independent of the test's own mask
    assert_int_equal(status_of("grep -q '^SigBlk:.*0000000000000000$' /proc/self/status"), 0);
}

TEST_IN(mask, signals_are_handed_on) {
    struct run_child child;
    int ready[2];
    char byte, script[100];
    (void)state;
    assert_int_equal(pipe(ready), 0);
    snprintf(script, sizeof script, "trap 'exit 9' USR1; echo >&%d; while :; do sleep 0.01; done", ready[1]);
    assert_true(start(&child, "/bin/sh", script, false));
    assert_int_equal(read(ready[0], &byte, 1), 1);
    kill(getpid(), SIGUSR1);
    while (run_child_wait(&child, 0)) {
    }
    assert_int_equal(run_child_status(&child), 9);
    close(ready[0]);
    close(ready[1]);
}

TEST_IN(mask, a_time_limit_ends_the_wait_only) {
    struct run_child child;
    (void)state;
    assert_true(start(&child, "/bin/sh", "exec sleep 60", false));
    assert_true(run_child_wait(&child, 1));
    assert_false(child.ended);
    kill(child.pid, SIGKILL);
    while (run_child_wait(&child, 0)) {
    }
    assert_int_equal(run_child_status(&child), 128 + SIGKILL);
}

// The program ends before its child: with family both are waited for, and the status is the program's.
TEST_IN(mask, orphans_are_waited_for) {
    struct run_child child;
    int alive[2];
    char byte, script[100];
    (void)state;
    assert_int_equal(pipe(alive), 0);
    snprintf(script, sizeof script, "(sleep 0.2; exit 5) & exec %d>&-; exit 3", alive[0]);
    assert_true(start(&child, "/bin/sh", script, true));
    close(alive[1]);
    while (run_child_wait(&child, 0)) {
    }
    assert_int_equal(read(alive[0], &byte, 1), 0); // no process holds the other end
    assert_int_equal(run_child_status(&child), 3);
    close(alive[0]);
}

int main(void) {
    return tests_run();
}
