// spool_test.c: batches on disk: order, restart, truncated and damaged files, a full disk, several processes, SIGKILL at any moment.

#include "../../base/test/test.h"

#include "../spool_list.h"
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static bool is_empty(void) {
    return count_files(".batch", NULL) == 0;
}

TEST_IN(spool, oldest_first_also_after_a_restart) {
    struct upload_spool *spool = open_spool(1 << 20);
    assert_int_equal(take(spool), -1);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(add(spool, i, 100 + i), 0);
    }
    assert_int_equal(take(spool), 0);
    upload_spool_close(spool);
    spool = open_spool(1 << 20);
    assert_int_equal(add(spool, 20, 0), 0);
    for (int i = 1; i <= 20; i++) {
        assert_int_equal(take(spool), i);
    }
    assert_int_equal(take(spool), -1);
    assert_int_equal(count_files("", NULL), 2); // . and ..
    upload_spool_close(spool);
}

TEST_IN(spool, put_off_lets_the_others_go_first) {
    struct upload_spool *spool = open_spool(1 << 20);
    for (unsigned i = 0; i < 3; i++) {
        add(spool, i, 10);
    }
    bool others;
    struct upload_batch *batch = upload_spool_take(spool, &counts, &others);
    assert_int_equal(number_of(batch), 0);
    upload_spool_leave(spool, batch, true);
    upload_batch_free(batch);
    assert_int_equal(take(spool), 1);
    assert_int_equal(take(spool), 2);
    assert_int_equal(take(spool), 0);
    upload_spool_close(spool);
}

// A batch that is left keeps its position before those added meanwhile.
TEST_IN(spool, left_comes_again_first) {
    struct upload_spool *spool = open_spool(1 << 20);
    for (unsigned i = 0; i < 3; i++) {
        add(spool, i, 10);
    }
    bool others;
    for (int i = 0; i < 3; i++) {
        struct upload_batch *batch = upload_spool_take(spool, &counts, &others);
        assert_int_equal(number_of(batch), 0);
        upload_spool_leave(spool, batch, false);
        upload_batch_free(batch);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(take(spool), i);
    }
    upload_spool_close(spool);
}

// A batch written before it is sent is locked, and not deleted to free space, until it is left.
TEST_IN(spool, added_is_locked_until_it_is_left) {
    bool others;
    struct upload_spool *spool = open_spool(4096), *other = open_spool(4096);
    struct upload_batch *batch = batch_of(0, 10);
    assert_int_equal(upload_spool_add(spool, batch, &counts), 0);
    assert_null(upload_spool_take(other, &counts, &others));
    assert_true(others);
    assert_int_equal(add(other, 1, 10), 0);
    assert_int_equal(count_files(".batch", NULL), 2);
    upload_spool_leave(spool, batch, false);
    upload_batch_free(batch);
    assert_int_equal(take(other), 0);
    assert_int_equal(take(spool), 1);
    assert_int_equal(counts.spool_dropped, 0);
    upload_spool_close(spool);
    upload_spool_close(other);
}

// A spool whose limit was reduced has more excess files than a list holds.
TEST_IN(spool, smaller_limit_deletes_all_that_is_too_much) {
    enum { FILES = 2 * SPOOL_LIST_FILES + 100 };
    struct upload_spool *spool = open_spool(1 << 30);
    char path[400];
    for (int i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "%s/%016x-0000000000000001.batch", folder, i + 1);
        close(open(path, O_WRONLY | O_CREAT, 0600));
    }
    upload_spool_close(spool);
    spool = open_spool(10 * 4096);
    assert_int_equal(add(spool, 1, 10), 0);
    assert_int_equal(count_files(".batch", NULL), 10);
    assert_int_equal(counts.spool_dropped, FILES - 9);
    upload_spool_close(spool);
}

// The directory is not reread for each batch: 4,000 times 4,000 files would take a minute of CPU time.
TEST_IN(spool, many_files_are_taken_quickly) {
    enum { FILES = 4000 };
    struct upload_spool *spool = open_spool(1 << 30);
    struct timespec begin, end;
    char from[400], to[400];
    add(spool, 7, 10);
    count_files(".batch", from);
    for (int i = 1; i < FILES; i++) {
        snprintf(to, sizeof to, "%s/%016x-0000000000000001.batch", folder, i + 1);
        assert_int_equal(link(from, to), 0);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (int i = 0; i < FILES; i++) {
        assert_int_equal(take(spool), 7);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    assert_int_equal(take(spool), -1);
    double seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    print_message("%d files were taken in %.3f s of CPU\n", FILES, seconds);
    assert_true(seconds < 4);
    upload_spool_close(spool);
}

TEST_IN(spool, full_spool_deletes_the_oldest) {
    struct upload_spool *spool = open_spool(5 * 4096);
    for (unsigned i = 0; i < 8; i++) {
        assert_int_equal(add(spool, i, 1000), 0);
    }
    assert_int_equal(counts.spool_dropped, 3);
    assert_int_equal(add(spool, 8, 5 * 4096), EFBIG);
    assert_int_equal(count_files(".batch", NULL), 5);
    // A file that is being sent is not deleted.
    bool others;
    struct upload_batch *batch = upload_spool_take(spool, &counts, &others);
    assert_int_equal(number_of(batch), 3);
    assert_int_equal(add(spool, 9, 1000), 0);
    assert_int_equal(counts.spool_dropped, 4);
    upload_spool_leave(spool, batch, false);
    upload_batch_free(batch);
    static const int left[] = {3, 5, 6, 7, 9};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        assert_int_equal(take(spool), left[i]);
    }
    upload_spool_close(spool);
}

TEST_IN(spool, cut_and_damaged_files_are_deleted_and_counted) {
    char path[400];
    struct upload_spool *spool = open_spool(1 << 20);
    static const off_t sizes[] = {0, 10, 31, 32, 200};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        add(spool, 1, 300);
        assert_int_equal(count_files(".batch", path), 1);
        assert_int_equal(truncate(path, sizes[i]), 0);
        assert_int_equal(take(spool), -1);
        assert_int_equal(counts.spool_damaged, i + 1);
        assert_int_equal(count_files(".batch", NULL), 0);
    }
    add(spool, 1, 300);
    count_files(".batch", path);
    int fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, "!", 1, 250), 1);
    close(fd);
    add(spool, 2, 300);
    assert_int_equal(take(spool), 2); // a damaged file does not block later ones
    assert_int_equal(counts.spool_damaged, 6);
    upload_spool_close(spool);
}

TEST_IN(spool, half_written_files_go_at_the_next_start_unless_somebody_writes_them) {
    char path[400];
    snprintf(path, sizeof path, "%s/0000000000000001-0000000000000001.half", folder);
    close(open(path, O_WRONLY | O_CREAT, 0600));
    upload_spool_close(open_spool(1 << 20));
    assert_int_equal(counts.spool_damaged, 1);
    assert_int_equal(count_files(".half", NULL), 0);
}

TEST_IN(spool, symbolic_links_and_devices_are_not_followed) {
    char path[400];
    struct upload_spool *spool = open_spool(1 << 20);
    snprintf(path, sizeof path, "%s/0000000000000001-0000000000000001.batch", folder);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    snprintf(path, sizeof path, "%s/0000000000000002-0000000000000001.batch", folder);
    assert_int_equal(mkfifo(path, 0600), 0); // opening it must not block
    add(spool, 7, 10);
    assert_int_equal(take(spool), 7);
    assert_int_equal(take(spool), -1);
    assert_int_equal(counts.spool_damaged, 0);
    upload_spool_close(spool);
}

TEST_IN(spool, directory_that_cannot_be) {
    char path[400];
    int cause;
    snprintf(path, sizeof path, "%s/no/such", folder);
    assert_null(upload_spool_open(path, 1 << 20, &counts, &cause));
    assert_int_equal(cause, ENOENT);
    assert_null(upload_spool_open("/dev/null", 1 << 20, &counts, &cause));
    assert_int_equal(cause, ENOTDIR);
    struct upload_spool *spool = open_spool(1 << 20); // a deleted directory is recreated
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(take(spool), -1);
    assert_int_equal(add(spool, 1, 10), 0);
    assert_int_equal(take(spool), 1);
    upload_spool_close(spool);
}

static void check_refused(uid_t owner, gid_t group, mode_t mode, const char *expected) {
    int cause;
    char text[200];
    assert_int_equal(chown(folder, owner, group), 0);
    assert_int_equal(chmod(folder, mode), 0);
    assert_int_equal(upload_spool_check(folder, text, sizeof text), expected[0] == '\0');
    assert_string_equal(text, expected);
    struct upload_spool *spool = upload_spool_open(folder, 1 << 20, &counts, &cause);
    assert_int_equal(!spool, expected[0] != '\0');
    assert_int_equal(cause, expected[0] != '\0' ? EPERM : 0);
    upload_spool_close(spool);
}

TEST_IN(spool, directory_that_others_can_write_into_is_refused) {
    check_refused(geteuid(), getegid(), 0700, "");
    check_refused(geteuid(), getegid(), 0775, ""); // mkdir with umask 002
    check_refused(geteuid(), getegid(), 0777, "every user can write to the directory (use a subdirectory)");
    check_refused(geteuid(), getegid(), 01777, "every user can write to the directory (use a subdirectory)");
    assert_int_equal(chmod(folder, 0700), 0);
    struct upload_spool *spool = open_spool(1 << 20);
    assert_int_equal(chmod(folder, 0777), 0); // also if the mode changes later
    assert_int_equal(add(spool, 1, 10), EPERM);
    assert_int_equal(take(spool), -1);
    assert_int_equal(chmod(folder, 0700), 0);
    if (geteuid() == 0) { // chown needs root
        check_refused(0, 12345, 0770, "another group can write to the directory (use a subdirectory)");
        check_refused(0, 12345, 0750, "");
        check_refused(12345, 0, 0700, "the directory belongs to another user");
    }
    upload_spool_close(spool);
}

TEST_IN(spool, directory_and_files_are_for_nobody_else) {
    struct stat stat_of;
    char path[400];
    assert_int_equal(rmdir(folder), 0);
    mode_t mask = umask(0);
    struct upload_spool *spool = open_spool(1 << 20);
    assert_int_equal(add(spool, 1, 10), 0);
    umask(mask);
    assert_int_equal(stat(folder, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 07777, 0700);
    count_files(".batch", path);
    assert_int_equal(stat(path, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 07777, 0600);
    upload_spool_close(spool);
}

// ---- A full disk ----

static void check_half_a_batch_leaves_nothing(struct upload_spool *spool, int error) {
    assert_int_equal(add(spool, 1, 100000), error);
    assert_int_equal(count_files(".half", NULL) + count_files(".batch", NULL), 0);
}

TEST_IN(spool, file_size_limit) {
    struct rlimit before, small;
    struct upload_spool *spool = open_spool(1 << 20);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 50000, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0); // the write fails midway, and SIGXFSZ would end this program
    check_half_a_batch_leaves_nothing(spool, EFBIG);
    assert_int_equal(add(spool, 2, 1000), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(take(spool), 2);
    upload_spool_close(spool);
}

// A file system of 64 KiB, in a separate mount namespace. Exit status 77: not permitted on this machine.
static int on_a_small_disk(void) {
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        return 77;
    }
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mount("tmpfs", folder, "tmpfs", 0, "size=64k") != 0) {
        return 77;
    }
    chmod(folder, 0700); // a new tmpfs is world-writable
    struct upload_spool *spool = open_spool(1 << 20);
    check_half_a_batch_leaves_nothing(spool, ENOSPC);
    unsigned written = 0;
    while (written < 100 && add(spool, written, 8000) == 0) {
        written++;
    }
    assert_in_range(written, 4, 8);
    for (unsigned i = 0; i < written; i++) {
        assert_int_equal(take(spool), i);
    }
    assert_int_equal(add(spool, 1, 8000), 0); // space again
    // A sent file that cannot be deleted is not sent repeatedly.
    bool others;
    struct upload_batch *batch = upload_spool_take(spool, &counts, &others);
    assert_int_equal(number_of(batch), 1);
    assert_int_equal(mount(folder, folder, NULL, MS_BIND, NULL), 0);
    assert_int_equal(mount(NULL, folder, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL), 0);
    assert_int_equal(upload_spool_done(spool, batch), EROFS);
    upload_batch_free(batch);
    assert_int_equal(take(spool), -1);
    assert_int_equal(umount(folder), 0);
    assert_int_equal(take(spool), -1);
    assert_int_equal(add(spool, 2, 100), 0);
    assert_int_equal(take(spool), 2);
    assert_int_equal(take(spool), 1);
    upload_spool_close(spool);
    return 0;
}

TEST_IN(spool, full_disk) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        _exit(on_a_small_disk());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        skip();
    }
    assert_int_equal(status, 0);
}

// ---- Several processes ----

TEST_IN(spool, two_spools_on_one_directory) {
    struct upload_spool *one = open_spool(1 << 20), *two = open_spool(1 << 20);
    bool others;
    for (unsigned i = 0; i < 4; i++) {
        add(i % 2 == 0 ? one : two, i, 10);
    }
    struct upload_batch *first = upload_spool_take(one, &counts, &others);
    struct upload_batch *second = upload_spool_take(two, &counts, &others);
    assert_int_equal(number_of(first), 0);
    assert_int_equal(number_of(second), 1);
    assert_int_equal(take(two), 2);
    assert_int_equal(take(two), 3);
    assert_null(upload_spool_take(two, &counts, &others));
    assert_true(others);
    assert_false(is_empty());
    upload_spool_leave(one, first, false);
    upload_batch_free(first);
    assert_int_equal(take(two), 0);
    upload_spool_done(two, second);
    upload_batch_free(second);
    assert_null(upload_spool_take(one, &counts, &others));
    assert_false(others);
    upload_spool_close(one);
    upload_spool_close(two);
}

// Takes intact batches until there are none, and reports each on the pipe.
static void send_all(int pipe_end) {
    struct upload_spool *spool = open_spool(64 << 20);
    for (bool others = true; others;) {
        struct upload_batch *batch = upload_spool_take(spool, &counts, &others);
        if (batch) {
            int number = number_of(batch);
            if (write(pipe_end, &number, sizeof number) != sizeof number) {
                _exit(1);
            }
            upload_spool_done(spool, batch);
            upload_batch_free(batch);
            others = true;
        }
    }
    _exit(0);
}

TEST_IN(spool, many_processes_send_each_batch_once) {
    enum { BATCHES = 300, PROCESSES = 4 };
    struct upload_spool *spool = open_spool(64 << 20);
    int ends[2], seen[BATCHES] = {0}, number, got = 0;
    for (unsigned i = 0; i < BATCHES; i++) {
        assert_int_equal(add(spool, i, 100), 0);
    }
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            close(ends[0]);
            send_all(ends[1]);
        }
    }
    close(ends[1]);
    while (read(ends[0], &number, sizeof number) == sizeof number) {
        assert_in_range(number, 0, BATCHES - 1);
        assert_int_equal(seen[number]++, 0);
        got++;
    }
    close(ends[0]);
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(got, BATCHES);
    upload_spool_close(spool);
}

// Reports on the pipe that it starts, then writes batches from number on and reports each that is safe, until it is killed.
static void write_until_killed(unsigned number, int pipe_end) {
    struct upload_spool *spool = open_spool(1 << 30);
    if (write(pipe_end, &number, sizeof number) != sizeof number) { // ready
        _exit(1);
    }
    for (;; number++) {
        if (add(spool, number, 3000 + number % 5 * 20000) != 0 || write(pipe_end, &number, sizeof number) != sizeof number) {
            _exit(1);
        }
    }
}

// One round: kills a child while it writes, after a minimum number of batches. Returns the number after the last safe batch.
static unsigned kill_one(unsigned from, unsigned batches, unsigned delay_us) {
    int ends[2];
    unsigned number, next = from;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        write_until_killed(from, ends[1]);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &number, sizeof number), sizeof number);
    for (; next < from + batches; next++) {
        assert_int_equal(read(ends[0], &number, sizeof number), sizeof number);
        assert_int_equal(number, next);
    }
    usleep(delay_us);
    kill(child, SIGKILL);
    while (read(ends[0], &number, sizeof number) == sizeof number) {
        assert_int_equal(number, next);
        next = number + 1;
    }
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return next;
}

// Whenever the process was killed, batches that add reported as safe are there, intact, once and in order. One more may be there, if it was
// killed between rename and report.
TEST_IN(spool, sigkill_loses_nothing_that_was_written) {
    enum { ROUNDS = 60 };
    unsigned next = 0, half = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        unsigned first = next;
        next = kill_one(next, round % 3, round * 397 % 9000);
        half += count_files(".half", NULL) > 0;
        struct upload_spool *spool = open_spool(1 << 30);
        for (unsigned i = first; i < next; i++) {
            assert_int_equal(take(spool), i);
        }
        int more = take(spool);
        assert_true(more == -1 || more == (int)next);
        assert_int_equal(count_files("", NULL), 2);
        upload_spool_close(spool);
    }
    assert_int_equal(counts.spool_damaged, half);
    print_message("killed %d times: %u batches safe, %u files half written\n", ROUNDS, next, half);
}

int main(void) {
    return tests_run();
}
