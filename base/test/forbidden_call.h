// forbidden_call.h: a system call that this process may not make from now on, as a container or a service manager forbids it (seccomp).
#ifndef CMEMPROF_BASE_TEST_FORBIDDEN_CALL_H
#define CMEMPROF_BASE_TEST_FORBIDDEN_CALL_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

// answer: SECCOMP_RET_KILL_PROCESS, or SECCOMP_RET_ERRNO | errno. Cannot be taken back: for a child process.
static inline bool forbid_call(uint32_t number, uint32_t answer) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, answer),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof code / sizeof *code, code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

#endif
