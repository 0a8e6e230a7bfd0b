// run_command_test.c: `cmemprof run`: the environment it gives, what becomes of the profiles, and its exit status. A shell script plays the
// profiled program: it writes into the directory what the library would, whose place is taken by one that does nothing.

#include "../../base/test/test.h"

#include "../commands.h"
#include "../run/run_options.h"
#include "fixture.h"

#include <dlfcn.h>
#include <limits.h>
#include <sys/wait.h>

enum { PATH_BYTES = FOLDER_BYTES + 64 };

static char command_path[PATH_BYTES]; // a copy of this program, beside the library
static char out[1 << 14];             // of the last run: both streams

// TMPDIR is the folder's tmp, so that what is left behind is seen.
static int run_setup(void **state) {
    char copy[PATH_MAX + PATH_BYTES];
    Dl_info harmless; // cmocka itself
    if (directory_setup(state) != 0 || dladdr((void *)(uintptr_t)_cmocka_run_group_tests, &harmless) == 0) {
        return -1;
    }
    snprintf(command_path, sizeof command_path, "%s/bin/cmemprof", folder);
    folder_copy_program("bin/cmemprof");
    snprintf(copy, sizeof copy, "mkdir tmp && cp '%s' bin/libcmemprof.so", harmless.dli_fname);
    struct profile *profile = fixture_profile();
    fixture_add_sample(profile, "make<main", 2, 5000, 9000, true);
    fixture_save(profile, "one.pb");
    return system(copy);
}

static int run_teardown(void **state) {
    return directory_teardown(state);
}

// Returns the exit status.
static int run(const char *const *arguments) {
    char temporary[PATH_BYTES];
    snprintf(temporary, sizeof temporary, "%s/tmp", folder);
    pid_t child = fork();
    if (child == 0) {
        int file = open("output", O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(file, STDOUT_FILENO);
        dup2(file, STDERR_FILENO);
        setenv("TMPDIR", temporary, 1);
        execv(command_path, (char **)(uintptr_t)arguments);
        _exit(99);
    }
    int status = -1, file;
    assert_int_equal(waitpid(child, &status, 0), child);
    file = open("output", O_RDONLY);
    ssize_t size = read(file, out, sizeof out - 1);
    out[size > 0 ? size : 0] = '\0';
    close(file);
    return WEXITSTATUS(status);
}
#define RUN(...) run((const char *const[]){"cmemprof", "run", __VA_ARGS__, NULL})
#define SHELL "/bin/sh", "-c"
// The library names files by process and start; this is the file of one that ends.
#define WRITE_ONE "cp one.pb $CMEMPROF_DIRECTORY/$$-100.1.exit.pb; "

static void expect(const char *piece) {
    if (!strstr(out, piece)) {
        fail_msg("no %s in %s", piece, out);
    }
}

static void expect_nothing_left(void) {
    assert_int_equal(rmdir("tmp"), 0);
}

TEST_IN(run, a_profile_becomes_the_file) {
    struct profile_sample_view sample;
    assert_int_equal(RUN("-o", "out.pprof", "--", SHELL, WRITE_ONE "exit 7"), 7);
    expect("cmemprof run: out.pprof: 5.00 kB in use at the end, 9.00 kB allocated in all");
    struct profile *profile = fixture_load("out.pprof");
    assert_int_equal(profile_sample_count(profile), 1);
    assert_int_equal(profile_sample_at(profile, 0, &sample), MERGE_OK);
    assert_int_equal(sample.values[1], 5000);
    assert_string_equal(sample.frames[0].function, "make");
    profile_free(profile);
    expect_nothing_left();
}

TEST_IN(run, default_name_is_the_programs) {
    assert_int_equal(RUN(SHELL, WRITE_ONE "echo $$ >pid"), 0);
    assert_int_equal(system("test -s cmemprof.sh.$(cat pid).pprof"), 0);
}

TEST_IN(run, environment) {
    assert_int_equal(RUN("-o", "out.pprof", "--rate", "1K", "--period", "7s", "--follow-children", SHELL, WRITE_ONE "env >variables"), 0);
    static const char *const lines[] = {"^LD_PRELOAD=.*/bin/libcmemprof.so$",   "^CMEMPROF_RATE=1024$",      "^CMEMPROF_PERIOD_MS=7000$",
                                        "^CMEMPROF_MEMORY_LIMIT=1073741824$",   "^CMEMPROF_SIGNAL=0$",       "^CMEMPROF_FOLLOW_CHILDREN=1$",
                                        "^CMEMPROF_DIRECTORY=.*/cmemprof-run-", "^CMEMPROF_ON_TERMINATION=1"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char command[200];
        snprintf(command, sizeof command, "grep -q '%s' variables || { cat variables; false; }", lines[i]);
        assert_int_equal(system(command), 0);
    }
}

// A path with a blank cannot be in LD_PRELOAD: there is a link to it.
TEST_IN(run, library_at_a_path_with_a_blank) {
    assert_int_equal(rename("bin", "b in"), 0);
    snprintf(command_path, sizeof command_path, "%s/b in/cmemprof", folder);
    assert_int_equal(RUN("-o", "out.pprof", SHELL, WRITE_ONE "echo $LD_PRELOAD >variable; readlink $LD_PRELOAD >target"), 0);
    assert_int_equal(system("grep -q 'tmp/cmemprof-run-[^ ]*/libcmemprof.so' variable && grep -q '/b in/libcmemprof.so' target"), 0);
    expect_nothing_left();
}

TEST_IN(run, a_missing_profile_has_its_reason) {
    assert_int_equal(RUN("-o", "out.pprof", SHELL, "exit 0"), RUN_STATUS_FAILED);
    expect("wrote no profile: it exited by a direct system call");
    assert_int_equal(RUN("-o", "out.pprof", SHELL, "kill -KILL $$"), 137);
    expect("was killed before it could write a profile");
    assert_int_equal(RUN("-o", "out.pprof", SHELL, "kill -SEGV $$"), 139);
    expect("crashed (Segmentation fault) before it could write a profile");
    assert_int_equal(RUN("-o", "out.pprof", SHELL, "echo 'disk full' >$CMEMPROF_DIRECTORY/$$-100.error; " WRITE_ONE), RUN_STATUS_FAILED);
    expect(": disk full\n");
    assert_int_equal(RUN("-o", "out.pprof", SHELL, "echo 'no room' >$CMEMPROF_DIRECTORY/$$-100.unsampled"), 0);
    expect("was sampled: no room\n");
    assert_int_equal(RUN("-o", "out.pprof", SHELL, ": >$CMEMPROF_DIRECTORY/$$-100.unsampled; exit 4"), 4);
    expect("no space for the reason in the temporary directory");
    expect_nothing_left();
}

TEST_IN(run, a_file_that_cannot_be_written_keeps_the_profiles) {
    assert_int_equal(RUN("-o", "none/out.pprof", SHELL, "echo started"), RUN_STATUS_FAILED);
    expect("none/out.pprof: No such file or directory");
    assert_null(strstr(out, "started"));
    assert_int_equal(RUN("-o", "gone/out.pprof", SHELL, "exit"), RUN_STATUS_FAILED);
    assert_int_equal(mkdir("gone", 0700), 0);
    assert_int_equal(RUN("-o", "gone/out.pprof", SHELL, WRITE_ONE "rmdir gone"), RUN_STATUS_FAILED);
    expect("the unwritten profiles are still in ");
    assert_int_equal(system("ls tmp/cmemprof-run-*/*.pb >/dev/null"), 0);
}

// Nobody listens there: the batch is not sent, which is said and is the status.
TEST_IN(run, an_agent_that_is_not_there) {
    setenv("DD_SERVICE", "shop", 1);
    assert_int_equal(RUN("--agent", "unix:///nonexistent/agent.sock", "--period", "1m", SHELL, WRITE_ONE), RUN_STATUS_FAILED);
    unsetenv("DD_SERVICE");
    expect("1 of 1 batches could not be sent: ");
    expect_nothing_left();
}

TEST_IN(run, what_cannot_be_started) {
    assert_int_equal(RUN("/nonexistent/program"), 127);
    assert_int_equal(RUN("-o", "out.pprof", "/etc/passwd"), 126);
    assert_int_equal(RUN("--rate", "0", "/bin/true"), RUN_STATUS_FAILED);
    expect("--rate takes ");
    assert_int_equal(rename("bin/libcmemprof.so", "library"), 0);
    assert_int_equal(RUN("-o", "out.pprof", "/bin/true"), RUN_STATUS_FAILED);
    expect("libcmemprof.so is not in ");
    assert_int_equal(system("mkdir -p lib/cmemprof && ln -s ../../library lib/cmemprof/libcmemprof.so"), 0);
    assert_int_equal(RUN("-o", "out.pprof", SHELL, WRITE_ONE), 0);
}

TEST_IN(run, of_a_script_the_interpreter_is_profiled) {
    fixture_write("script", "#!/bin/sh\ncp one.pb $CMEMPROF_DIRECTORY/$$-100.1.exit.pb\nexit 3\n", 64);
    assert_int_equal(chmod("script", 0755), 0);
    assert_int_equal(RUN("-o", "out.pprof", "./script"), 3);
    expect("a script: /bin/sh is profiled");
}

// The copy of this program is the command.
int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "run") == 0) {
        return run_command(argc - 1, argv + 1);
    }
    return tests_run();
}
