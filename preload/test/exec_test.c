// exec_test.c: a process that replaces itself stays profiled, whatever environment it passes; other processes do not become profiled.

#include "../../base/test/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../exec.h"

static bool profiled;

static bool is_profiled(void) {
    return profiled;
}

static void remember(void) {
    char *variables[] = {"CMEMPROF_DIRECTORY=/nonexistent", "PATH=/bin", "CMEMPROF_RATE=1", NULL};
    exec_watch(is_profiled, NULL);
    exec_remember(variables, "/nonexistent/ours.so");
}

// What the new program finds. The loader warns that the library does not exist, and continues.
static char found[4096];
static void after(void (*replace)(void)) {
    int out[2], null;
    assert_int_equal(pipe(out), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(out[1], STDOUT_FILENO);
        null = open("/dev/null", O_WRONLY);
        dup2(null, STDERR_FILENO);
        replace();
        _exit(99);
    }
    close(out[1]);
    size_t used = 0;
    for (ssize_t got; (got = read(out[0], found + used, sizeof found - 1 - used)) > 0;) {
        used += (size_t)got;
    }
    found[used] = '\0';
    close(out[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static bool has_line(const char *line) {
    char all[sizeof found + 2], wanted[256];
    snprintf(all, sizeof all, "\n%s", found);
    snprintf(wanted, sizeof wanted, "\n%s\n", line);
    return strstr(all, wanted);
}

static char *const argv[] = {"env", NULL};
static char *const environment[] = {"A=1", "LD_PRELOAD=/nonexistent/theirs.so", "CMEMPROF_RATE=7", NULL};

static void by_execve(void) {
    execve("/usr/bin/env", argv, environment);
}
static void by_execvpe(void) {
    execvpe("env", argv, environment);
}
static void by_execle(void) {
    execle("/usr/bin/env", "env", (char *)NULL, environment);
}
static void by_empty(void) {
    char *const nothing[] = {NULL};
    execve("/usr/bin/env", argv, nothing);
}
static void by_execl(void) {
    execl("/usr/bin/env", "env", "-u", "HOME", "sh", "-c", "env; echo $0 $1", "zero", "one", (char *)NULL);
}
static void by_execlp(void) {
    execlp("env", "env", (char *)NULL);
}
static void by_execv(void) {
    execv("/usr/bin/env", argv);
}
static void by_execvp(void) {
    execvp("env", argv);
}

TEST(library_is_prepended) {
    static void (*const ways[])(void) = {by_execve, by_execvpe, by_execle};
    profiled = true;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        after(ways[i]);
        assert_true(has_line("A=1"));
        assert_true(has_line("LD_PRELOAD=/nonexistent/ours.so:/nonexistent/theirs.so"));
        assert_true(has_line("CMEMPROF_DIRECTORY=/nonexistent"));
        assert_true(has_line("CMEMPROF_RATE=1"));
        assert_false(has_line("CMEMPROF_RATE=7"));
        assert_false(has_line("PATH=/bin")); // only our variables are restored
    }
}

TEST(empty_environment_is_extended) {
    profiled = true;
    after(by_empty);
    assert_true(has_line("LD_PRELOAD=/nonexistent/ours.so"));
    assert_true(has_line("CMEMPROF_RATE=1"));
}

TEST(the_present_environment_is_extended) {
    static void (*const ways[])(void) = {by_execl, by_execlp, by_execv, by_execvp};
    profiled = true;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        after(ways[i]);
        assert_true(has_line("LD_PRELOAD=/nonexistent/ours.so"));
        assert_true(has_line("CMEMPROF_DIRECTORY=/nonexistent"));
        assert_int_equal(has_line("zero one"), ways[i] == by_execl);
    }
}

TEST(other_processes_are_unaffected) {
    profiled = false;
    after(by_execve);
    assert_true(has_line("LD_PRELOAD=/nonexistent/theirs.so"));
    assert_true(has_line("CMEMPROF_RATE=7"));
    assert_false(has_line("CMEMPROF_DIRECTORY=/nonexistent"));
}

// Whatever the program passes, and whoever it is: an error returns, and its environment is as before.
TEST(a_failed_exec_returns) {
    char *const arguments[] = {"none", NULL};
    for (int i = 0; i < 2; i++) {
        char *const *before = environ;
        profiled = i == 1;
#define EXPECT_FAILURE(call) (errno = 0, assert_int_equal((call), -1), assert_int_equal(errno, ENOENT))
        EXPECT_FAILURE(execve("/nonexistent/none", arguments, environment));
        EXPECT_FAILURE(execv("/nonexistent/none", arguments));
        EXPECT_FAILURE(execvp("/nonexistent/none", arguments));
        EXPECT_FAILURE(execvpe("/nonexistent/none", arguments, environment));
        EXPECT_FAILURE(execl("/nonexistent/none", "none", "one", "two", (char *)NULL));
        EXPECT_FAILURE(execlp("/nonexistent/none", "none", (char *)NULL));
        EXPECT_FAILURE(execle("/nonexistent/none", "none", "one", (char *)NULL, environment));
        assert_ptr_equal(environ, before);
        assert_string_equal(environment[0], "A=1");
        assert_string_equal(environment[1], "LD_PRELOAD=/nonexistent/theirs.so");
    }
    profiled = false;
}

int main(void) {
    remember();
    return tests_run();
}
