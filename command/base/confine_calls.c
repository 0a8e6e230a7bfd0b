// confine_calls.c: the list of system calls that are left (confine.h), as a program of the kernel's filter machine (seccomp(2)).
//
// The kernel remembers which calls are allowed whatever their arguments, so that a long list costs nothing (since 5.11).
#include "confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

enum { NEWEST_KNOWN = 466 }; // calls above may be new ways of libc to do what older calls do, too

// In no order: what the receiver, SQLite, libmicrohttpd and libc use on their way. Absent with reason: execve, execveat, fork, vfork,
// ptrace, socket, bind, connect, listen, kill, mount and its relatives, bpf, io_uring_*, userfaultfd, perf_event_open, process_vm_*,
// keyctl, link, symlink, chdir.
static const uint16_t calls[] = {
    // files
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_openat,
    SYS_close,
    SYS_lseek,
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_fstatfs,
    SYS_statfs,
    SYS_faccessat,
    SYS_getdents64,
    SYS_mkdirat,
    SYS_unlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_memfd_create,
    SYS_fsync,
    SYS_fdatasync,
    SYS_sync_file_range,
    SYS_syncfs,
    SYS_flock,
    SYS_fcntl,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_utimensat,
    SYS_readlinkat,
    SYS_dup,
    SYS_dup3,
    SYS_pipe2,
    SYS_eventfd2,
    SYS_sendfile,
    SYS_copy_file_range,
    SYS_fadvise64,
    SYS_umask,
    SYS_getcwd,
    // open sockets
    SYS_recvfrom,
    SYS_sendto,
    SYS_recvmsg,
    SYS_sendmsg,
    SYS_accept,
    SYS_accept4,
    SYS_shutdown,
    SYS_getsockopt,
    SYS_setsockopt,
    SYS_getsockname,
    SYS_getpeername,
    SYS_ppoll,
    SYS_pselect6,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    // memory
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_msync,
    SYS_mincore,
    // threads, signals, time
    SYS_futex,
    SYS_set_robust_list,
    SYS_wait4, // for the process of port_file.h
    SYS_get_robust_list,
    SYS_exit,
    SYS_exit_group,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigtimedwait,
    SYS_rt_sigpending,
    SYS_rt_sigsuspend,
    SYS_sigaltstack,
    SYS_restart_syscall,
    SYS_nanosleep,
    SYS_clock_nanosleep,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_gettimeofday,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_sched_getscheduler,
    SYS_sched_getparam,
    SYS_membarrier,
    SYS_prctl,
    SYS_setpriority,
    SYS_getpriority,
    SYS_set_tid_address,
    SYS_getcpu,
    // who and where
    SYS_getpid,
    SYS_getppid,
    SYS_gettid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getgroups,
    SYS_getrandom,
    SYS_uname,
    SYS_sysinfo,
    SYS_prlimit64,
    SYS_getrlimit,
    SYS_getrusage,
    SYS_times,
#ifdef SYS_rseq
    SYS_rseq,
#endif
#ifdef SYS_faccessat2
    SYS_faccessat2,
#endif
#ifdef SYS_close_range
    SYS_close_range,
#endif
#ifdef __x86_64__
    SYS_open,
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_mkdir,
    SYS_rmdir,
    SYS_unlink,
    SYS_rename,
    SYS_readlink,
    SYS_dup2,
    SYS_pipe,
    SYS_poll,
    SYS_select,
    SYS_epoll_wait,
    SYS_time,
    SYS_getdents,
    SYS_chmod,
    SYS_creat,
#endif
};

// Calls of which some arguments are allowed: the low word of argument number `argument` with mask is `value`.
static const struct {
    uint16_t call;
    uint8_t argument;
    uint32_t mask, value;
} with_argument[] = {
    {SYS_mmap, 2, PROT_EXEC, 0},
    {SYS_mprotect, 2, PROT_EXEC, 0},
    {SYS_clone, 0, CLONE_THREAD, CLONE_THREAD}, // a thread, not a process
    {SYS_ioctl, 1, UINT32_MAX, FIONBIO},
    {SYS_ioctl, 1, UINT32_MAX, FIONREAD},
    {SYS_ioctl, 1, UINT32_MAX, 0x5401}, // TCGETS: isatty
};

enum { COUNT = sizeof calls / sizeof *calls, WITH_ARGUMENT = sizeof with_argument / sizeof *with_argument };

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, (what))

static size_t add_own_signals(struct sock_filter *code) { // abort() and a failed CHECK
    const struct sock_filter own[] = {
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 0, 4),
        LOAD(args[0]),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 0, 1),
        ANSWER(SECCOMP_RET_ALLOW),
        LOAD(nr),
    };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        code[i] = own[i];
    }
    return sizeof own / sizeof *own;
}

static size_t add_with_argument(struct sock_filter *code, size_t i) {
    const struct sock_filter some[] = {
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, with_argument[i].call, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
                 (uint32_t)(offsetof(struct seccomp_data, args) + 8 * with_argument[i].argument)), // little-endian
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, with_argument[i].mask),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, with_argument[i].value, 0, 1),
        ANSWER(SECCOMP_RET_ALLOW),
        LOAD(nr),
    };
    for (size_t at = 0; at < sizeof some / sizeof *some; at++) {
        code[at] = some[at];
    }
    return sizeof some / sizeof *some;
}

int confine_calls(void) {
#ifdef ARCHITECTURE
    struct sock_filter code[16 + 2 * COUNT + 8 * WITH_ARGUMENT] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        ANSWER(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        // clone3 has its flags in memory, where they cannot be looked at; libc takes clone then.
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 435, 0, 1),
        ANSWER(SECCOMP_RET_ERRNO | ENOSYS),
        // Also the calls of x32, which have a high bit.
        BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, NEWEST_KNOWN, 0, 1),
        ANSWER(SECCOMP_RET_ERRNO | ENOSYS),
    };
    size_t size = 8;
    for (size_t i = 0; i < COUNT; i++) {
        code[size++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1);
        code[size++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
    }
    for (size_t i = 0; i < WITH_ARGUMENT; i++) {
        size += add_with_argument(code + size, i);
    }
    size += add_own_signals(code + size);
    code[size++] = (struct sock_filter)ANSWER(SECCOMP_RET_ERRNO | EPERM);
    const struct sock_fprog filter = {(unsigned short)size, code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return errno;
    }
    long thread = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
    return thread == 0 ? 0 : thread < 0 ? errno : EBUSY; // the id of a thread that has a filter of its own
#else
    return ENOSYS;
#endif
}
