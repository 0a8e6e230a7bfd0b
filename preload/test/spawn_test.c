// spawn_test.c: a program that is started is no child of this one, has its own session, and none of its descriptors and signal handling.

#include "../../base/test/test.h"
#include "../../base/test/emulated.h"
#include "../../base/test/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../control.h"

static _Atomic int deaths;

static void on_death(int number) {
    deaths += number != 0;
}

static char errors[FOLDER_BYTES + 16], said[FOLDER_BYTES + 16];

static int spawn_setup(void **state) {
    int status = folder_setup(state);
    snprintf(errors, sizeof errors, "%s/errors", folder);
    snprintf(said, sizeof said, "%s/said", folder);
    return status;
}

static int spawn_teardown(void **state) {
    unlink(errors);
    unlink(said);
    return folder_teardown(state);
}

// What the shell's script prints into `said`, once it has ended.
static const char *run(const char *script) {
    static char text[4096];
    char whole[1024];
    snprintf(whole, sizeof whole, "{ %s; } > '%s.tmp'; mv '%s.tmp' '%s'", script, said, said, said);
    char *const argv[] = {"sh", "-c", whole, NULL}, *const environment[] = {"MARK=there", "PATH=/usr/bin:/bin", NULL};
    assert_int_equal(cmemprof_preload_spawn("/bin/sh", argv, environment, errors), 0);
    FILE *file = NULL;
    for (int i = 0; i < 6000 && !(file = fopen(said, "r")); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

TEST_IN(spawn, no_wait_of_the_host_sees_it) {
    SKIP_EMULATED("a child whose end sends another signal than SIGCHLD is refused");
    signal(SIGCHLD, on_death);
    const char *text = run("echo $PPID $MARK");
    char *end;
    assert_true(strtol(text, &end, 10) != getpid());
    assert_string_equal(end, " there\n");
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL); // it has ended, or is about to
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(deaths, 0);
    signal(SIGCHLD, SIG_DFL);
}

// One of the two that libc keeps for itself, which its own calls do not touch.
enum { LIBC_SIGNAL = 33 };

static void handle_libc_signal(const void *action, void *before) {
    assert_int_equal(syscall(SYS_rt_sigaction, LIBC_SIGNAL, action, before, sizeof(uint64_t)), 0);
}

TEST_IN(spawn, it_has_nothing_of_the_host) {
    SKIP_EMULATED("a child whose end sends another signal than SIGCHLD is refused");
    const uintptr_t ignored[8] = {(uintptr_t)SIG_IGN}; // the kernel's struct sigaction
    uintptr_t before[8];
    handle_libc_signal(ignored, before);
    sigset_t some, now;
    int ends[2];
    assert_int_equal(pipe(ends), 0); // without O_CLOEXEC
    signal(SIGTERM, SIG_IGN);
    sigemptyset(&some);
    sigaddset(&some, SIGUSR1);
    sigprocmask(SIG_BLOCK, &some, NULL);
    // A session's leader has its own number as that of the session: fields 1 and 6 of stat.
    const char *text = run("set -- $(cat /proc/$$/stat); [ $1 = $6 ] && echo leads; for i in 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$i ] && "
                           "echo has $i; done; readlink /proc/$$/fd/0; "
                           "grep -E 'SigBlk|SigIgn' /proc/self/status | tr -d '\\t\\n'; echo error >&2");
    sigprocmask(SIG_SETMASK, NULL, &now);
    assert_true(sigismember(&now, SIGUSR1));
    sigprocmask(SIG_UNBLOCK, &some, NULL);
    signal(SIGTERM, SIG_DFL);
    handle_libc_signal(before, NULL);
    close(ends[0]);
    close(ends[1]);
    assert_non_null(strstr(text, "leads\n"));
    assert_non_null(strstr(text, "/dev/null\n"));
    assert_null(strstr(text, "has"));
    assert_non_null(strstr(text, "SigBlk:0000000000000000SigIgn:0000000000000000"));
    struct stat status;
    assert_int_equal(stat(errors, &status), 0);
    assert_int_equal(status.st_size, 6);
    assert_int_equal(status.st_mode & 0777, 0600);
}

TEST_IN(spawn, what_cannot_be_run_is_told) {
    SKIP_EMULATED("a child whose end sends another signal than SIGCHLD is refused");
    char *const argv[] = {"none", NULL}, *const environment[] = {NULL};
    assert_int_equal(cmemprof_preload_spawn("/nowhere/none", argv, environment, errors), ENOENT);
    assert_int_equal(cmemprof_preload_spawn(folder, argv, environment, errors), EACCES);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void) {
    return tests_run();
}
