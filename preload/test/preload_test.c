// preload_test.c: a program in which the library is started by the environment: what is written at its exit, at signals, in children, and
// why nothing is. This program plays both parts: the library is linked to it.

#include "../../base/test/test.h"
#include "../../base/test/emulated.h"
#include "../../base/test/folder.h"
#include "../../base/test/forbidden_call.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../merge/merge.h"
#include "../control.h"

enum { GENERATIONS = 4 };
static const char *program; // this one

// Returns how many files end so. path: of one of them; may be NULL.
static size_t find(const char *end, char path[FOLDER_BYTES + 300]) {
    DIR *entries = opendir(folder);
    size_t found = 0;
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries));) {
        size_t length = strlen(entry->d_name);
        if (length > strlen(end) && strcmp(entry->d_name + length - strlen(end), end) == 0) {
            found++;
            if (path) {
                snprintf(path, FOLDER_BYTES + 300, "%s/%s", folder, entry->d_name);
            }
        }
    }
    closedir(entries);
    return found;
}

static size_t count(const char *end) {
    return find(end, NULL);
}

// From now on no thread or process can be made, as at the limit of a container; also in the program that replaces this one.
static bool forbid_threads(void) {
    return forbid_call(SYS_clone3, SECCOMP_RET_ERRNO | EAGAIN) && forbid_call(SYS_clone, SECCOMP_RET_ERRNO | EAGAIN);
}

// Runs this program with the library started, as main's part below, with more variables ("NAME=value", NULL at the end). Returns its
// status.
static int run(const char *part, const char *const *variables) {
    pid_t child = fork();
    if (child == 0) {
        setenv("CMEMPROF_DIRECTORY", folder, 1);
        setenv("CMEMPROF_RATE", "1", 1);
        for (; *variables; variables++) {
            putenv((char *)(uintptr_t)*variables);
        }
        if (strcmp(part, "no_threads") == 0 && !forbid_threads()) {
            _exit(98);
        }
        if (emulator()) {
            execlp(emulator(), emulator(), program, part, folder, (char *)NULL);
        }
        execl(program, program, part, folder, (char *)NULL);
        _exit(99);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}
#define RUN(part, ...) run(part, (const char *const[]){"CMEMPROF_KEEP=0", ##__VA_ARGS__, NULL})

// The sum of inuse_space of the only file with this end.
static int64_t in_use(const char *end) {
    static uint8_t bytes[1 << 20];
    char path[FOLDER_BYTES + 300];
    assert_true(find(end, path) != 0);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    struct profile *profile = profile_new();
    struct profile_sample_view view;
    int64_t sum = 0;
    assert_int_equal(profile_decode(profile, bytes, size, NULL, NULL, NULL), MERGE_OK);
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        assert_int_equal(profile_sample_at(profile, i, &view), MERGE_OK);
        sum += view.values[3];
    }
    profile_free(profile);
    return sum;
}

TEST_IN(folder, a_profile_at_exit_has_what_is_in_use) {
    assert_int_equal(WEXITSTATUS(RUN("exit")), 5);
    assert_int_equal(count(".1.exit.pb"), 1);
    assert_in_range(in_use(".1.exit.pb"), 3000000, 3200000); // the program's 3 MB, and what libc itself keeps
    assert_int_equal(count(".peak"), 1);
}

TEST_IN(folder, quick_and_raw_exits_write_it_too) {
    assert_int_equal(WEXITSTATUS(RUN("quick_exit")), 5);
    assert_int_equal(count(".1.exit.pb"), 1);
    SKIP_EMULATED("on a busy machine the thread may take longer than the five seconds that it is waited for");
    assert_int_equal(WEXITSTATUS(RUN("_exit", "CMEMPROF_ON_TERMINATION=1")), 5); // with the thread
    assert_int_equal(count(".1.exit.pb"), 2);
    assert_int_equal(WEXITSTATUS(RUN("_Exit", "CMEMPROF_ON_TERMINATION=1")), 5);
    assert_int_equal(count(".1.exit.pb"), 3);
    assert_int_equal(WEXITSTATUS(RUN("_exit")), 5); // without: it may be in a signal handler
    assert_int_equal(count(".1.exit.pb"), 3);
}

TEST_IN(folder, signals_ask_for_profiles) {
    char variable[40];
    snprintf(variable, sizeof variable, "CMEMPROF_SIGNAL=%d", SIGUSR1);
    assert_int_equal(WEXITSTATUS(RUN("signal", variable)), 5);
    assert_int_equal(count(".1.signal.pb"), 1);
    assert_int_equal(count(".2.exit.pb"), 1);
}

TEST_IN(folder, a_terminated_program_writes_first_and_ends_by_the_signal) {
    int status = RUN("terminate", "CMEMPROF_ON_TERMINATION=1");
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_int_equal(count(".1.termination.pb"), 1);
    status = RUN("terminate");
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_int_equal(count(".pb"), 1);
}

TEST_IN(folder, children_are_profiled_if_they_are_followed) {
    assert_int_equal(WEXITSTATUS(RUN("fork")), 5);
    assert_int_equal(count(".exit.pb"), 1);
    assert_int_equal(WEXITSTATUS(RUN("fork", "CMEMPROF_FOLLOW_CHILDREN=1")), 5);
    assert_int_equal(count(".exit.pb"), 3);
}

// It has inherited the handler, which is its parent's.
TEST_IN(folder, a_terminated_child_ends_by_the_signal) {
    assert_int_equal(WEXITSTATUS(RUN("terminate_child", "CMEMPROF_ON_TERMINATION=1")), 5);
    assert_int_equal(count(".termination.pb"), 0);
    assert_int_equal(count(".1.exit.pb"), 1);
}

// Each generation has room for the profiler's threads.
TEST_IN(folder, children_that_are_not_followed_may_start_their_own) {
    assert_int_equal(WEXITSTATUS(RUN("generations", "CMEMPROF_PERIOD_MS=60000", "CMEMPROF_TIME_HZ=100")), 5);
    assert_int_equal(count(".exit.pb"), 1 + GENERATIONS);
}

TEST_IN(folder, a_child_of_a_program_that_is_not_profiled_is_not_either) {
    assert_int_equal(WEXITSTATUS(RUN("fork", "CMEMPROF_FOLLOW_CHILDREN=1", "CMEMPROF_RATE=none")), 5);
    assert_int_equal(count(".pb"), 0);
    assert_int_equal(WEXITSTATUS(RUN("grandchild")), 5);
    assert_int_equal(count(".pb"), 1);
}

// Of the only file with this end.
static void expect_text(const char *end, const char *text) {
    char path[FOLDER_BYTES + 300], got[300] = "";
    assert_int_equal(find(end, path), 1);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(got, sizeof got, file));
    fclose(file);
    assert_string_equal(got, text);
    assert_int_equal(unlink(path), 0);
}

TEST_IN(folder, a_reason_why_nothing_is_sampled) {
    SKIP_EMULATED(EMULATED_FILTERS);
    assert_int_equal(WEXITSTATUS(RUN("exit", "CMEMPROF_PERIOD_MS=soon")), 5);
    expect_text(".unsampled", "CMEMPROF_PERIOD_MS has an invalid value\n");
    assert_int_equal(WEXITSTATUS(RUN("no_threads", "CMEMPROF_ON_TERMINATION=1")), 5);
    expect_text(".unsampled", "cannot create the thread that writes profiles\n");
    assert_int_equal(count(".pb"), 0);
}

TEST_IN(folder, without_threads_the_caller_of_exit_writes) {
    SKIP_EMULATED(EMULATED_FILTERS);
    assert_int_equal(WEXITSTATUS(RUN("no_threads")), 5);
    assert_in_range(in_use(".1.exit.pb"), 3000000, 3200000);
}

TEST_IN(folder, without_a_directory_nothing_starts) {
    assert_int_equal(WEXITSTATUS(RUN("exit", "CMEMPROF_DIRECTORY=")), 5);
    assert_int_equal(count(".pb") + count(".unsampled"), 0);
}

// Its environment has no trace of the library, unless children are followed.
TEST_IN(folder, environment_is_as_without) {
    assert_int_equal(WEXITSTATUS(RUN("environment")), 5);
    assert_int_equal(WEXITSTATUS(RUN("environment", "CMEMPROF_FOLLOW_CHILDREN=1")), 6);
}

// ---- The program that is profiled ----

static void *volatile kept;

// Returns 5, or 6 if one could not.
static int start_in_children(int generations) {
    char directory[FOLDER_BYTES + 32];
    const char *const settings[] = {directory, "CMEMPROF_RATE=1", "CMEMPROF_PERIOD_MS=60000", "CMEMPROF_TIME_HZ=100", NULL};
    int status = 0;
    snprintf(directory, sizeof directory, "CMEMPROF_DIRECTORY=%s", folder);
    pid_t child = fork();
    if (child == 0) {
        const char *why = cmemprof_preload_start(settings);
        exit(!why && (generations == 1 || start_in_children(generations - 1) == 5) ? 5 : 6);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 6;
}

static int play(const char *part) {
    kept = malloc(3000000);
    if (strcmp(part, "quick_exit") == 0) {
        quick_exit(5);
    }
    if (strcmp(part, "_exit") == 0) {
        _exit(5);
    }
    if (strcmp(part, "_Exit") == 0) {
        _Exit(5);
    }
    if (strcmp(part, "no_threads") == 0) {
        return fork() < 0 ? 5 : 6;
    }
    if (strcmp(part, "signal") == 0) {
        raise(SIGUSR1);
        for (int i = 0; i < 6000 && count(".1.signal.pb") == 0; i++) {
            usleep(10000);
        }
    }
    if (strcmp(part, "terminate") == 0) {
        raise(SIGTERM);
    }
    if (strcmp(part, "fork") == 0 || strcmp(part, "grandchild") == 0) {
        pid_t child = fork();
        if (child == 0) {
            exit(part[0] == 'g' ? play("fork") : 0);
        }
        waitpid(child, NULL, 0);
    }
    if (strcmp(part, "generations") == 0) {
        return start_in_children(GENERATIONS);
    }
    if (strcmp(part, "terminate_child") == 0) {
        int status = 0;
        pid_t child = fork();
        if (child == 0) {
            raise(SIGTERM);
            exit(0);
        }
        waitpid(child, &status, 0);
        return WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM ? 5 : 6;
    }
    if (strcmp(part, "environment") == 0) {
        return !getenv("CMEMPROF_DIRECTORY") && !getenv("CMEMPROF_RATE") ? 5 : 6;
    }
    return 5;
}

int main(int argc, char **argv) {
    if (argc > 2) {
        snprintf(folder, sizeof folder, "%s", argv[2]);
        return play(argv[1]);
    }
    program = argv[0];
    return tests_run();
}
