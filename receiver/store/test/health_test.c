// health_test.c: a disk that takes nothing, and a directory that is gone, are found out.

#include "../../../base/test/test.h"

#include "../../test/test_store.h"

#include "../health.h"

#include <signal.h>
#include <sys/resource.h>

TEST_IN(store, probe) {
    struct test_store *test = *state;
    struct rlimit before, none;
    assert_int_equal(health_probe(test->store), RECEIVER_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = 1000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_equal(health_probe(test->store), RECEIVER_DISK_FULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(health_probe(test->store), RECEIVER_OK);
    char path[FOLDER_BYTES + 20];
    snprintf(path, sizeof path, "%s/incoming", test->directory);
    assert_int_equal(rmdir(path), 0); // nothing was left in it
    assert_int_equal(health_probe(test->store), RECEIVER_DIRECTORY_GONE);
    assert_int_equal(mkdir(path, 0700), 0); // another one
    assert_int_equal(health_probe(test->store), RECEIVER_DIRECTORY_GONE);
}

TEST_IN(store, disk) {
    struct test_store *test = *state;
    struct health_disk disk;
    add_good(test, "x");
    health_disk(test->store, &disk);
    assert_true(disk.free_bytes > 0 && disk.index_bytes > 4096 && disk.figures_bytes > 0 && disk.rollups_bytes > 0);
}

int main(void) {
    return tests_run();
}
