// writer_test.c: the thread writes on request, periodically and at the end, and profile_file.c leaves complete files.

#include "../../base/test/test.h"
#include "../../base/test/emulated.h"
#include "../../base/test/folder.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../writer.h"

static char directory[FOLDER_BYTES];
static struct writer writer;

static int writer_setup(void **state) {
    (void)state;
    writer = (struct writer){.has_thread = false};
    int status = folder_make(directory);
    profile_file_begin(&writer.file, directory, 0);
    return status;
}

// The number of files whose name ends in the text. NULL: removes all.
static size_t count(const char *end) {
    DIR *entries = opendir(directory);
    size_t found = 0;
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        size_t length = strlen(entry->d_name);
        if (!end && entry->d_name[0] != '.') {
            unlinkat(dirfd(entries), entry->d_name, 0);
        } else if (end && length > strlen(end) && strcmp(entry->d_name + length - strlen(end), end) == 0) {
            found++;
        }
    }
    if (entries) {
        closedir(entries);
    }
    return found;
}

static int writer_teardown(void **state) {
    (void)state;
    count(NULL);
    return rmdir(directory); // nothing hidden was left in it
}

static void wait_for(const char *end, size_t min) {
    for (int i = 0; i < 6000 && count(end) < min; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_true(count(end) >= min);
}

TEST_IN(writer, each_request_is_served) {
    assert_true(writer_open(&writer, 0, true));
    writer_dump(&writer);
    wait_for(".1.signal.pb", 1);
    writer_dump(&writer);
    wait_for(".2.signal.pb", 1);
    writer_finish(&writer, 60);
    assert_int_equal(count(".3.exit.pb"), 1);
    assert_int_equal(count(".peak"), 1);
    writer_finish(&writer, 60); // a second thread exits: does not wait for ever, and writes nothing
    assert_int_equal(count(".pb"), 3);
}

TEST_IN(writer, periods_follow_each_other) {
    assert_true(writer_open(&writer, 20, true));
    wait_for(".3.period.pb", 1);
    writer_finish(&writer, 60);
    size_t files = count(".pb");
    assert_int_equal(count(".exit.pb"), 1);
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL); // five periods without a profile
    assert_int_equal(count(".pb"), files);
}

TEST_IN(writer, last_profile_without_a_thread) {
    assert_true(writer_open(&writer, 0, false));
    writer_finish(&writer, 60);
    assert_int_equal(count(".1.exit.pb"), 1);
}

// Whoever exits while another thread's exit is being written waits, but not for ever.
TEST_IN(writer, a_second_exit_waits_until_its_limit) {
    assert_true(writer_open(&writer, 0, false));
    atomic_store(&writer.finishing, true);
    writer_finish(&writer, 0);
    assert_int_equal(count(".pb"), 0);
}

// The signal comes while the last profile is written: that profile is whole, and the program ends by the signal.
TEST_IN(writer, a_signal_during_the_last_profile_ends_the_program) {
    pid_t child = fork();
    if (child == 0) {
        writer_open(&writer, 0, true);
        atomic_store(&writer.termination, SIGTERM);
        writer_finish(&writer, 60);
        sleep(60); // the signal is sent before the wait ends, but may be delivered after it
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_int_equal(count(".1.exit.pb"), 1);
}

TEST_IN(writer, cancelled_profile_is_not_written) {
    assert_true(writer_open(&writer, 0, true));
    writer_cancel(&writer);
    writer_finish(&writer, 60);
    assert_int_equal(count(".pb") + count(".peak"), 0);
}

TEST_IN(writer, old_files_are_removed) {
    profile_file_begin(&writer.file, directory, 2);
    for (int i = 0; i < 5; i++) {
        profile_file_write(&writer.file, i % 2 == 0 ? "period" : "signal");
    }
    assert_int_equal(count(".pb"), 2);
    assert_int_equal(count(".4.signal.pb") + count(".5.period.pb"), 2);
}

TEST_IN(writer, failure_leaves_a_note) {
    profile_file_fail(&writer.file, "no reason");
    assert_int_equal(count(".error"), 1);
    profile_file_unsampled(&writer.file, "no reason");
    assert_int_equal(count(".unsampled"), 1);
    struct profile_file nowhere;
    profile_file_begin(&nowhere, "/nonexistent", 0);
    profile_file_write(&nowhere, "exit");
    assert_int_equal(nowhere.next, 1);
}

// In a process that may write no files: the resulting signal neither ends it nor stays pending.
TEST_IN(writer, file_size_limit_does_not_end_the_program) {
    SKIP_EMULATED(EMULATED_FILES);
    pid_t child = fork();
    if (child == 0) {
        sigset_t pending;
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, RLIM_INFINITY});
        signal(SIGXFSZ, SIG_DFL);
        profile_file_unsampled(&writer.file, "no reason");
        profile_file_write(&writer.file, "exit");
        sigpending(&pending);
        _exit(sigismember(&pending, SIGXFSZ) || writer.file.next != 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(count(".unsampled"), 1); // an empty file still fits
}

int main(void) {
    return tests_run();
}
