// coverage_ends.c: gcov's counters are written at exit. Linked to the tests of preload/ in make coverage alone, this writes them also where
// such a program ends otherwise, after the hooks of preload/ have run: by _exit, by exec, by a signal that it sends to itself. The linker
// gives dlsym and kill to the functions below (--wrap), and gcov's own versions of fork and exec, which forget what the hooks do, are off.

#include <dlfcn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

void __gcov_dump(void);
void __gcov_reset(void);
void *__real_dlsym(void *handle, const char *name);
void *__wrap_dlsym(void *handle, const char *name);
int __real_kill(pid_t pid, int number);
int __wrap_kill(pid_t pid, int number);

static __attribute__((noreturn)) void (*next_exit)(int status);
static int (*next_execve)(const char *path, char *const *argv, char *const *environment);
static int (*next_execvpe)(const char *file, char *const *argv, char *const *environment);

static _Noreturn void exit_counted(int status) {
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){RLIM_INFINITY, RLIM_INFINITY}); // a test's
    __gcov_dump();
    next_exit(status);
}

// Returns only if it fails; then counting goes on.
static int execve_counted(const char *path, char *const *argv, char *const *environment) {
    __gcov_dump();
    int result = next_execve(path, argv, environment);
    __gcov_reset();
    return result;
}

static int execvpe_counted(const char *file, char *const *argv, char *const *environment) {
    __gcov_dump();
    int result = next_execvpe(file, argv, environment);
    __gcov_reset();
    return result;
}

void *__wrap_dlsym(void *handle, const char *name) {
    void *found = __real_dlsym(handle, name);
    if (strcmp(name, "_exit") == 0) {
        *(void **)&next_exit = found;
        return (void *)exit_counted;
    }
    if (strcmp(name, "execve") == 0) {
        *(void **)&next_execve = found;
        return (void *)execve_counted;
    }
    if (strcmp(name, "execvpe") == 0) {
        *(void **)&next_execvpe = found;
        return (void *)execvpe_counted;
    }
    return found;
}

int __wrap_kill(pid_t pid, int number) {
    if (pid == getpid()) {
        __gcov_dump();
        __gcov_reset();
    }
    return __real_kill(pid, number);
}
