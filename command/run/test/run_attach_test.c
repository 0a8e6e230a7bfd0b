// run_attach_test.c: profiles of a process that is watched: what it leaves is sent after its end, and the directory is removed. No server
// listens, so all batches end in the spool. Whole programs: e2e/python.

#include "../../../base/test/test.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../base/diagnostic.h"
#include "../run_attach.h"
#include "run_fixture.h"

static int attach(int argc, char **argv) {
    struct run_options options;
    sigset_t before;
    sigprocmask(SIG_SETMASK, NULL, &before);
    int status = run_options_parse(argc, argv, &options);
    status = status < 0 ? run_attach(&options) : status;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}

static int run(pid_t pid, const char *path) {
    char number[24];
    snprintf(number, sizeof number, "%ld", (long)pid);
    return FIXTURE_RUN(attach, "run", "--attach", number, "--directory", path, "--agent", "http://127.0.0.1:1");
}

static size_t count(const char *path, const char *end) {
    DIR *entries = opendir(path);
    size_t found = 0;
    for (struct dirent *entry; entries && (entry = readdir(entries));) {
        size_t length = strlen(entry->d_name);
        found += entry->d_name[0] != '.' && length >= strlen(end) && strcmp(entry->d_name + length - strlen(end), end) == 0;
    }
    if (entries) {
        closedir(entries);
    }
    return found;
}

TEST_IN(run, directories_of_others_are_refused) {
    char other[PATH_MAX + 16];
    snprintf(other, sizeof other, "%s/other", folder);
    assert_int_equal(mkdir(other, 0700), 0);
    static const char *const wrong[] = {"relative", "/tmp", "/tmp/cmemprof-run"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(run(getpid(), wrong[i]), RUN_STATUS_FAILED);
        assert_non_null(strstr(fixture_error, "--directory takes the absolute path of a directory whose name begins with cmemprof-run-"));
    }
    assert_int_equal(run(getpid(), other), RUN_STATUS_FAILED);
    assert_int_equal(run(getpid(), "/tmp/cmemprof-run-none/cmemprof-run-none"), RUN_STATUS_FAILED);
    assert_non_null(strstr(fixture_error, "No such file or directory"));
    assert_int_equal(chmod(directory.path, 0770), 0);
    assert_int_equal(run(getpid(), directory.path), RUN_STATUS_FAILED);
    assert_non_null(strstr(fixture_error, "others can write into it"));
    assert_int_equal(chmod(directory.path, 0700), 0);
    assert_int_equal(rmdir(other), 0);
}

// Writes a profile, asks for a flush, and writes another one before it ends.
static _Noreturn void be_watched(void) {
    char from[PATH_MAX + 64], to[PATH_MAX + 64], flush[PATH_MAX + 64];
    snprintf(flush, sizeof flush, "%s/flush", directory.path);
    for (int i = 1; i <= 2; i++) {
        snprintf(from, sizeof from, "%s/prepared%d", directory.path, i);
        snprintf(to, sizeof to, "%s/%d-100.%d.%s.pb", directory.path, (int)getpid(), i, i == 1 ? "period" : "stop");
        rename(from, to);
        fclose(fopen(flush, "w"));
        for (int k = 0; i == 1 && k < 6000 && access(flush, F_OK) == 0; k++) {
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        }
        if (i == 1 && access(to, F_OK) == 0) {
            _exit(1);
        }
    }
    _exit(0);
}

TEST_IN(run, what_it_leaves_is_sent) {
    char spool[PATH_MAX + 16];
    snprintf(spool, sizeof spool, "%s/spool", folder);
    setenv("DD_PROFILING_SPOOL_DIR", spool, 1);
    for (int i = 1; i <= 2; i++) {
        char name[16];
        struct profile *profile = profile_new();
        static const char *const types[] = {"alloc_objects", "alloc_space", "inuse_objects", "inuse_space"};
        for (size_t k = 0; k < 4; k++) {
            profile_add_sample_type(profile, types[k], k % 2 ? "bytes" : "count");
        }
        uint32_t function = profile_add_function(profile, &(struct profile_function){.name = "f", .system_name = "", .file = "f.c"});
        uint32_t location = profile_add_location(profile, 0, 0, &(struct profile_line){function, 1, 0}, 1);
        profile_add_sample(profile, &location, 1, (int64_t[]){i, 100 * i, 1, 100}, NULL, 0);
        profile_set_time(profile, i * 1000, 0);
        snprintf(name, sizeof name, "prepared%d", i);
        save(profile, name);
    }
    pid_t child = fork();
    if (child == 0) {
        be_watched();
    }
    int status = -1;
    assert_int_equal(run(child, directory.path), STATUS_DONE);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0); // the first one was taken before the flush was answered
    assert_int_equal(count(spool, ".batch"), 2);
    assert_non_null(strstr(fixture_error, "a batch could not be sent, and waits: no connection"));
    assert_int_equal(access(directory.path, F_OK), -1);
    unsetenv("DD_PROFILING_SPOOL_DIR");
}

int main(void) {
    return tests_run();
}
