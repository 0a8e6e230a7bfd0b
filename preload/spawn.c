// spawn.c: cmemprof_preload_spawn (control.h).
//
//   caller ── clone, no signal at its end ──► middle ── vfork ──► the program: setsid, files, execve
//      ▲                                        │ ends: the program is init's child
//      └──── waitpid(__WCLONE) ─────────────────┘
//
// A child that sends no signal when it ends is seen by __WCLONE alone, so that no handler of SIGCHLD and no waitpid(-1) of the host meets
// it; but execve would give it one. So it is the middle one that is made in this way. Both share the caller's memory until execve, as with
// vfork, and call nothing but system calls.
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default"), used))

enum { STACK_BYTES = 64 << 10, MAX_DESCRIPTORS = 1 << 16, MAX_SIGNAL = 64 };

struct spawning {
    const char *path;
    char *const *argv;
    char *const *environment;
    const char *errors;
    uint8_t *stack; // two of STACK_BYTES
    volatile int error;
};

static void close_others(void) {
    struct rlimit limit;
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3, ~0U, 0) == 0) {
        return;
    }
#endif
    // Before Linux 5.9.
    int end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < MAX_DESCRIPTORS ? (int)limit.rlim_cur : MAX_DESCRIPTORS;
    for (int i = 3; i < end; i++) {
        close(i);
    }
}

static void open_as(const char *path, int flags, int descriptor) {
    int opened = open(path, flags, 0600);
    if (opened >= 0 && opened != descriptor) {
        dup2(opened, descriptor);
        close(opened);
    }
}

// With the host's handlers, a signal would run them on the host's memory. By the kernel's own calls: libc's leave out the two signals that
// it keeps for itself, which whoever was started by glibc's posix_spawn ignores (2.36: everything under GNU make).
static void reset_signals(void) {
    static const uint64_t by_default[8], none; // struct sigaction of all architectures: SIG_DFL, no flags, no mask
    for (int number = 1; number <= MAX_SIGNAL; number++) {
        syscall(SYS_rt_sigaction, number, by_default, NULL, sizeof none); // fails for some
    }
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof none);
}

static int run_program(void *context) {
    struct spawning *spawning = context;
    setsid();
    open_as("/dev/null", O_RDONLY, STDIN_FILENO);
    open_as("/dev/null", O_WRONLY, STDOUT_FILENO);
    open_as(spawning->errors, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, STDERR_FILENO);
    close_others();
    reset_signals();
    syscall(SYS_execve, spawning->path, spawning->argv, spawning->environment); // not exec.c's, which preloads
    spawning->error = errno;
    syscall(SYS_exit_group, 127);
    return 127;
}

static int be_between(void *context) {
    struct spawning *spawning = context;
    if (clone(run_program, spawning->stack + 2 * STACK_BYTES, CLONE_VM | CLONE_VFORK | SIGCHLD, spawning) < 0) {
        spawning->error = errno;
    }
    syscall(SYS_exit_group, 0);
    return 0;
}

EXPORTED int cmemprof_preload_spawn(const char *path, char *const *argv, char *const *environment, const char *errors) {
    struct spawning spawning = {.path = path, .argv = argv, .environment = environment, .errors = errors};
    sigset_t all, before;
    spawning.stack = mmap(NULL, (size_t)2 * STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (spawning.stack == MAP_FAILED) {
        return errno;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); // inherited by both, which have the host's handlers
    pid_t middle = clone(be_between, spawning.stack + STACK_BYTES, CLONE_VM | CLONE_VFORK, &spawning);
    int error = middle < 0 ? errno : spawning.error;
    while (middle > 0 && waitpid(middle, NULL, __WCLONE) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(spawning.stack, (size_t)2 * STACK_BYTES);
    return error;
}
