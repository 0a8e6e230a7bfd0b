// Tests of confine_ask.c: a process that a filter would kill for the question learns it in time.

#include "../../../base/test/test.h"

#include "../../../base/test/forbidden_call.h"
#include "../confine.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

// What a child finds that may not make this call.
static int found(long call, uint32_t answer) {
    pid_t child = fork();
    if (child == 0) {
        if (!forbid_call((uint32_t)call, answer)) {
            _exit(100);
        }
        _exit(confine_may_ask_files() * 2 + confine_may_ask_calls());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

TEST(who_would_be_killed) {
    assert_int_equal(found(SYS_seccomp, SECCOMP_RET_KILL_PROCESS), 2);
    assert_int_equal(found(444, SECCOMP_RET_KILL_PROCESS), 1);
    assert_int_equal(found(SYS_seccomp, SECCOMP_RET_ERRNO | EPERM), 3); // it is told when it asks
    assert_int_equal(found(SYS_ptrace, SECCOMP_RET_KILL_PROCESS), 3);
}

int main(void) {
    return tests_run();
}
