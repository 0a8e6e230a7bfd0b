// spool_urgent_test.c: a batch that is written into space reserved before.

#include "../../base/test/test.h"

#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

TEST_IN(spool, urgent_batch_uses_the_space_reserved) {
    struct upload_spool *spool = open_spool(1 << 20), *next;
    struct stat stat;
    char path[400];
    assert_int_equal(add(spool, 1, 10), 0);
    if (upload_spool_reserve(spool, 1 << 19) == EOPNOTSUPP) {
        upload_spool_close(spool);
        skip(); // not with this file system
    }
    assert_int_equal(upload_spool_reserve(spool, 1 << 19), 0); // there is some
    assert_int_equal(count_files(".room", path), 1);
    assert_int_equal(lstat(path, &stat), 0);
    assert_true(stat.st_blocks * 512 >= 1 << 19);
    next = open_spool(1 << 20); // of another process: leaves the space
    assert_int_equal(count_files(".room", NULL), 1);
    upload_spool_close(next);

    struct upload_batch *batch = batch_of(2, 1000);
    ino_t room = stat.st_ino;
    int opened = open(path, O_RDONLY); // or another file may get its number
    assert_int_equal(upload_spool_add_urgent(spool, batch, &counts), 0);
    assert_int_equal(count_files(".room", NULL), 0);
    assert_int_equal(fstat(batch->spool_fd, &stat), 0);
    assert_true(stat.st_ino == room && (size_t)stat.st_size == batch->size);
    close(opened);
    assert_int_equal(take(spool), 1);
    assert_int_equal(take(spool), -1); // held
    upload_spool_leave(spool, batch, false);
    upload_batch_free(batch);
    assert_int_equal(take(spool), 2);
    upload_spool_close(spool);
    assert_int_equal(counts.spool_damaged, 0);
}

TEST_IN(spool, urgent_batch_without_space_is_written_as_others) {
    struct upload_spool *spool = open_spool(1 << 20);
    for (unsigned i = 0; i < 3; i++) {
        char path[400];
        if (i > 0 && upload_spool_reserve(spool, 4096) == EOPNOTSUPP) {
            break;
        }
        if (i == 2) { // somebody deleted it
            assert_int_equal(count_files(".room", path), 1);
            assert_int_equal(unlink(path), 0);
        }
        struct upload_batch *batch = batch_of(i, i == 1 ? 10000 : 10); // does not fit
        assert_int_equal(upload_spool_add_urgent(spool, batch, &counts), 0);
        upload_spool_leave(spool, batch, false);
        upload_batch_free(batch);
        assert_int_equal(count_files(".room", NULL), 0);
        assert_int_equal(take(spool), (int)i);
    }
    (void)upload_spool_reserve(spool, 4096);
    upload_spool_close(spool);
    assert_int_equal(count_files("", NULL), 2);
}

// SIGKILL with the space reserved, and with the batch held.
TEST_IN(spool, urgent_batch_survives_its_process) {
    for (unsigned urgent = 0; urgent < 2; urgent++) {
        pid_t child = fork();
        if (child == 0) {
            struct upload_spool *spool = open_spool(1 << 20);
            (void)upload_spool_reserve(spool, 1 << 16);
            if (urgent != 0) {
                (void)upload_spool_add_urgent(spool, batch_of(7, 1000), &counts);
            }
            raise(SIGKILL);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        struct upload_spool *spool = open_spool(1 << 20);
        assert_int_equal(count_files(".room", NULL), 0);
        assert_int_equal(take(spool), urgent != 0 ? 7 : -1);
        upload_spool_close(spool);
    }
    assert_int_equal(counts.spool_damaged, 0); // it is no loss
}

int main(void) {
    return tests_run();
}
