// confine_ask.c: whether a filter of system calls kills who asks for another (confine.h).
#include "confine.h"

#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void ask_files(void) {
    syscall(444, NULL, 0, 1); // landlock_create_ruleset, for its version
}

static void ask_calls(void) {
    uint32_t action = SECCOMP_RET_ERRNO;
    syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

static bool survives(void (*ask)(void)) {
    if (prctl(PR_GET_SECCOMP) != SECCOMP_MODE_FILTER) {
        return true;
    }
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_DUMPABLE, 0); // no core file of it
        ask();
        _exit(0);
    }
    int status;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status);
}

bool confine_may_ask_files(void) {
    return survives(ask_files);
}

bool confine_may_ask_calls(void) {
    return survives(ask_calls);
}
