// check_test.c: a broken precondition ends the process where checks are on, and is not even evaluated where they are off.

#include "test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CMEMPROF_CHECKS
#define CMEMPROF_CHECKS
#endif
#include "../check.h"

static int calls;
static bool counted(bool holds) {
    calls++;
    return holds;
}

static int status_of_child(bool holds) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        CHECK(counted(holds));
        _exit(7);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

TEST(broken) {
    int status = status_of_child(false);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

TEST(kept) {
    int status = status_of_child(true);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

#undef CMEMPROF_CHECKS
#undef CMEMPROF_BASE_CHECK_H
#undef CHECK
#include "../check.h"

TEST(off) {
    calls = 0;
    CHECK(counted(false));
    assert_int_equal(calls, 0);
}

int main(void) {
    return tests_run();
}
