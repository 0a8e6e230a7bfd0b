// shut_in.c: processes that give up resources the profiler uses: all descriptors, the root directory, system calls (seccomp). They allocate
// as before, and profiles can be taken, with fewer names.

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hazard.h"

static void close_descriptors(void) {
    for (int i = 0; i < 1024; i++) {
        if (i != STDERR_FILENO) {
            close(i);
        }
    }
}

// Needs root. The directory was removed, so there is nothing below it.
static void change_root(void) {
    char folder[] = "/tmp/cmemprof-hazard-XXXXXX";
    CHECK(mkdtemp(folder) && chdir(folder) == 0 && rmdir(folder) == 0, "a folder");
    if (chroot(".") == 0) {
        CHECK(chdir("/") == 0 && access("/proc", F_OK) != 0, "still there");
    }
}

// System calls other than those for memory, waiting and exit fail with EPERM.
static void filter_system_calls(void) {
    enum { ALLOWED = 8 };
    static const unsigned numbers[ALLOWED] = {SYS_brk,     SYS_mmap,  SYS_munmap, SYS_mprotect,
                                              SYS_madvise, SYS_futex, SYS_write,  SYS_exit_group};
    struct sock_filter filter[2 * ALLOWED + 2] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
    for (unsigned i = 0; i < ALLOWED; i++) {
        filter[1 + 2 * i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, numbers[i], 0, 1);
        filter[2 + 2 * i] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    filter[2 * ALLOWED + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
    struct sock_fprog program = {2 * ALLOWED + 2, filter};
    CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0, "no seccomp here");
    CHECK(getppid() == -1, "the filter does nothing");
}

static void live_with(void (*give_up)(void)) {
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        give_up();
        hazard_churn(1, 2000);
        hazard_balance();
        _exit(0);
    }
    int status;
    CHECK(child > 0 && waitpid(child, &status, 0) == child, "fork or wait");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child ended with %#x", (unsigned)status);
}

int main(void) {
    hazard_start();
    hazard_churn(1, 100);
    for (unsigned i = 0; i < hazard_scaled(1); i++) {
        live_with(close_descriptors);
        live_with(change_root);
        live_with(filter_system_calls);
    }
    return hazard_finish();
}
