// store_test.c: the data directory: keeping, restart, retention, leftovers of a crash, and unusable directories.

#include "../../../base/test/test.h"

#include "../../test/test_store.h"

#include "../marked_uploads.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

static void expect_content(struct test_store *test, int64_t id, const char *content) {
    struct catalog_attachment attachment;
    char bytes[64] = "";
    int file;
    assert_int_equal(store_read(test->store, id, "a.pprof", true, &attachment, &file), RECEIVER_OK);
    assert_int_equal(read(file, bytes, sizeof bytes - 1), strlen(content));
    assert_string_equal(bytes, content);
    assert_true(attachment.pprof);
    close(file);
}

static int64_t find(struct test_store *test, int64_t id) {
    struct catalog_attachment attachment;
    int file;
    enum receiver_error error = store_read(test->store, id, "a.pprof", true, &attachment, &file);
    if (error == RECEIVER_OK) {
        close(file);
    }
    return error;
}

TEST_IN(store, restart) {
    struct test_store *test = *state;
    assert_int_equal(add_good(test, "one"), 1);
    assert_int_equal(add_good(test, "two"), 2);
    reopen(test, 0);
    expect_content(test, 1, "one");
    expect_content(test, 2, "two");
    assert_int_equal(add_good(test, "three"), 3);
    assert_int_equal(find(test, 4), RECEIVER_NOT_FOUND);
}

// A thread of the store removes uploads: first as a whole out of uploads/, then file by file in incoming/.
static void expect_files(const struct test_store *test, const char *name, int count) {
    struct fixture fixture = {0};
    strcpy(fixture.directory, test->directory);
    WAIT_UNTIL(count_files(&fixture, name) == count);
    assert_int_equal(count_files(&fixture, name), count);
}

TEST_IN(store, retention) {
    struct test_store *test = *state;
    const struct catalog_attachment attachment = {.size_bytes = 1};
    uint64_t size_bytes = catalog_disk_bytes(strlen(EVENT), &attachment, 1);
    reopen(test, 3 * size_bytes);
    for (int i = 0; i < 7; i++) {
        add_good(test, "x");
    }
    expect_files(test, "uploads", 3);
    assert_int_equal(find(test, 4), RECEIVER_NOT_FOUND);
    assert_int_equal(find(test, 5), RECEIVER_OK);
    reopen(test, size_bytes);
    expect_files(test, "uploads", 1);
    expect_content(test, 7, "x");
    assert_int_equal(add_good(test, "y"), 8); // ids are never used again
}

// Pins that came with an import, or before the limit was lowered, are beyond what a pin may be: a start says it.
TEST_IN(store, more_pins_than_retention) {
    struct test_store *test = *state;
    char text[300];
    add_good(test, "x");
    add_good(test, "y");
    assert_int_equal(store_pin(test->store, 1, true, text, sizeof text), RECEIVER_OK);
    reopen(test, 1 << 30);
    assert_string_equal(store_note(test->store), "");
    reopen(test, 10);
    assert_non_null(strstr(store_note(test->store), "1 pinned uploads take "));
    assert_non_null(strstr(store_note(test->store), ", more than half of the 10 that --retention allows"));
}

static void make(const char *directory, const char *name, bool is_folder) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    if (is_folder) {
        assert_int_equal(mkdir(path, 0700), 0);
    } else {
        close(open(path, O_CREAT | O_WRONLY, 0600));
    }
}

// A partial upload in incoming/ is removed; one renamed into uploads/ without a row is complete, and indexed; foreign files stay. A
// directory in the way blocks the removal of files, as a crash would: the next start does not take the rest for an upload.
TEST_IN(store, half_removed) {
    struct test_store *test = *state;
    add_good(test, "one");
    add_good(test, "two");
    make(test->directory, "uploads/1/other", true);
    reopen(test, strlen(EVENT) + 3);
    expect_files(test, "uploads", 1);
    expect_files(test, "incoming/0000000000000001", 1);
    expect_content(test, 2, "two");
    reopen(test, 0);
    assert_string_equal(store_note(test->store), "");
    assert_int_equal(find(test, 1), RECEIVER_NOT_FOUND);
    char path[128];
    snprintf(path, sizeof path, "%s/incoming/0000000000000001/other", test->directory);
    assert_int_equal(rmdir(path), 0);
}

TEST_IN(store, crash_leftovers) {
    struct test_store *test = *state;
    struct fixture fixture = {0};
    char from[128], to[128];
    strcpy(fixture.directory, test->directory);
    add_good(test, "kept");
    add_good(test, "without row");
    make(test->directory, "incoming/0123456789abcdef", true);
    make(test->directory, "incoming/0123456789abcdef/0-x", false);
    make(test->directory, "incoming/mail", true);
    make(test->directory, "incoming/mail/a.txt", false);
    make(test->directory, "uploads/007", true);
    make(test->directory, "uploads/5", true);
    make(test->directory, "uploads/5/notes", false);
    make(test->directory, "uploads/notes", true);
    snprintf(from, sizeof from, "%s/uploads/2", test->directory);
    snprintf(to, sizeof to, "%s/uploads/9", test->directory);
    assert_int_equal(rename(from, to), 0);
    reopen(test, 0);
    assert_string_equal(store_note(test->store), "1 uploads added to the index from their files, 1 without files dropped");
    assert_int_equal(count_files(&fixture, "incoming"), 1);
    assert_int_equal(count_files(&fixture, "incoming/mail"), 1);
    assert_int_equal(count_files(&fixture, "uploads/007"), 0);
    assert_int_equal(count_files(&fixture, "uploads/5"), 1);
    assert_int_equal(count_files(&fixture, "uploads/notes"), 0);
    expect_content(test, 1, "kept");
    assert_int_equal(find(test, 2), RECEIVER_NOT_FOUND);
    expect_content(test, 9, "without row");
    assert_int_equal(add_good(test, "second"), 10);
    reopen(test, 0);
    assert_string_equal(store_note(test->store), "");
}

// A stored file that has changed is reported, and affects no other.
TEST_IN(store, damaged_files) {
    struct test_store *test = *state;
    char path[128];
    for (int i = 0; i < 3; i++) {
        add_good(test, "four");
    }
    snprintf(path, sizeof path, "%s/uploads/1/0-a.pprof", test->directory);
    assert_int_equal(truncate(path, 2), 0);
    snprintf(path, sizeof path, "%s/uploads/2/0-a.pprof", test->directory);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(find(test, 1), RECEIVER_DAMAGED);
    assert_int_equal(find(test, 2), RECEIVER_DAMAGED);
    expect_content(test, 3, "four");
}

// A link instead of a directory is not followed: what is inside would be removed one day.
TEST_IN(store, linked_directories) {
    struct test_store *test = *state;
    char text[256] = "", path[128];
    struct store *store = NULL;
    struct store_options options = {.directory = test->directory};
    store_close(test->store);
    test->store = NULL;
    make(test->directory, "elsewhere", true);
    snprintf(path, sizeof path, "%s/uploads", test->directory);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink("elsewhere", path), 0);
    assert_int_equal(store_open(&options, &store, text, sizeof text), RECEIVER_BAD_DIRECTORY);
    assert_non_null(strstr(text, "/uploads: not a directory"));
}

static mode_t mode_of(const struct test_store *test, const char *name) {
    char path[128];
    struct stat stat_of;
    snprintf(path, sizeof path, "%s/%s", test->directory, name);
    assert_int_equal(stat(path, &stat_of), 0);
    return stat_of.st_mode & 07777;
}

// Also what an older version left for everybody to read.
TEST_IN(store, files_are_for_nobody_else) {
    struct test_store *test = *state;
    static const char *const names[] = {"index.sqlite", "index.sqlite-wal", "index.sqlite-shm", "lock"};
    char path[128];
    mode_t mask = umask(0);
    add_good(test, "one");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(mode_of(test, names[i]), 0600);
    }
    snprintf(path, sizeof path, "%s/index.sqlite", test->directory);
    assert_int_equal(chmod(path, 0644), 0);
    reopen(test, 0);
    umask(mask);
    expect_content(test, 1, "one");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(mode_of(test, names[i]), 0600);
    }
}

TEST_IN(store, directory_that_others_can_write_into_is_refused) {
    struct test_store *test = *state;
    struct store *store;
    char text[256];
    struct store_options options = {.directory = test->directory};
    store_close(test->store);
    test->store = NULL;
    assert_int_equal(chmod(test->directory, 0777), 0);
    assert_int_equal(store_open(&options, &store, text, sizeof text), RECEIVER_BAD_DIRECTORY);
    assert_non_null(strstr(text, ": every user can write to the directory"));
    assert_int_equal(chmod(test->directory, 0755), 0);
    reopen(test, 0);
}

// Takes all the room that there is.
static void fill_disk(const char *path) {
    static const char zeros[4096];
    int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    while (write(file, zeros, sizeof zeros) > 0) {
    }
    close(file);
}

static enum receiver_error add_somehow(struct test_store *test) {
    struct pending_upload *pending = NULL;
    char text[200];
    int64_t id;
    enum receiver_error error = pending_upload_new(test->store, &pending);
    error = error == RECEIVER_OK ? pending_upload_attachment(pending, "a.pprof", text, sizeof text) : error;
    error = error == RECEIVER_OK ? pending_upload_write(pending, "two", 3) : error;
    error = error == RECEIVER_OK ? keep(pending, EVENT, NULL, &id, text) : error;
    pending_upload_free(pending);
    return error;
}

static void start_on_full_disk(struct test_store *test) {
    char path[128];
    reopen(test, 0);
    assert_int_equal(add_good(test, "one"), 1);
    snprintf(path, sizeof path, "%s/reserve", test->directory);
    WAIT_UNTIL(access(path, F_OK) == 0);
    store_close(test->store);
    test->store = NULL;
    snprintf(path, sizeof path, "%s/filler", test->directory);
    fill_disk(path);
    reopen(test, 0);
    expect_content(test, 1, "one");
    fill_disk(path);
    assert_int_equal(add_somehow(test), RECEIVER_DISK_FULL);
    assert_int_equal(unlink(path), 0);
    assert_true(add_good(test, "three") > 1);
}

// The receiver of yesterday ended with "disk I/O error".
TEST_IN(store, full_disk) {
    struct test_store *test = *state;
    store_close(test->store);
    test->store = NULL;
    if (mount("tmpfs", test->directory, "tmpfs", MS_NOSUID | MS_NODEV, "size=24m,mode=0700") != 0) {
        skip(); // not as this user, or not here
    }
    start_on_full_disk(test);
    store_close(test->store);
    test->store = NULL;
    assert_int_equal(umount2(test->directory, MNT_DETACH), 0);
}

TEST_IN(store, unusable_directories) {
    struct test_store *test = *state;
    struct store *second = NULL;
    char text[256] = "", path[128];
    struct store_options options = {.directory = test->directory}, below = {.directory = path};
    assert_int_equal(store_open(&options, &second, text, sizeof text), RECEIVER_DIRECTORY_TAKEN);
    assert_non_null(strstr(text, "another receiver"));
    snprintf(path, sizeof path, "%s/lock/below", test->directory); // lock is a file
    assert_int_equal(store_open(&below, &second, text, sizeof text), RECEIVER_BAD_DIRECTORY);
    assert_non_null(strstr(text, "Not a directory"));
    snprintf(path, sizeof path, "%s/new/deep/er", test->directory);
    assert_int_equal(store_open(&below, &second, text, sizeof text), RECEIVER_OK);
    store_close(second);
    snprintf(path, sizeof path, "%s/new/deep/er/index.sqlite", test->directory);
    FILE *file = fopen(path, "w");
    for (int i = 0; i < 1000; i++) {
        fputs("this is not a database\n", file);
    }
    fclose(file);
    *strrchr(path, '/') = '\0';
    assert_int_equal(store_open(&below, &second, text, sizeof text), RECEIVER_OK); // put aside
    store_close(second);
    snprintf(path, sizeof path, "%s/new/deep/er/index.sqlite.damaged", test->directory);
    assert_int_equal(access(path, F_OK), 0);
}

int main(void) {
    return tests_run();
}
