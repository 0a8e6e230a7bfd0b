// failing_calls_test.c: uploads are stored whole where every second system call is interrupted by a signal and the others do only a part;
// they are refused while the disk is read-only, and leave nothing.

#undef _FORTIFY_SOURCE // its inline functions cannot be defined anew

#include "../../../base/test/test.h"

#include "../../test/test_store.h"

#include "../../test/count_uploads.h"
#include "../archive.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_bool disturbs;
static atomic_uint calls;
static atomic_int refusal; // an errno: the calls fail with it; 0: they do not

// SQLite's own files are left to it: it goes on after EINTR where it may, and takes that of fsync for an error of the disk.
static bool is_disturbed(int file) {
    char link[64], path[256];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = disturbs || refusal ? readlink(link, path, sizeof path - 1) : -1;
    path[size > 0 ? size : 0] = '\0';
    return size > 0 && strstr(path, "cmemprof-test") && !strstr(path, "index.sqlite");
}

// Whether a call is to fail; sets errno.
static bool fails(int file) {
    bool is = is_disturbed(file) && (refusal || calls++ % 2 == 0);
    errno = !is ? errno : refusal ? refusal : EINTR;
    return is;
}

static size_t part_of(int file, size_t size) {
    return is_disturbed(file) && size > 1 ? (size + 1) / 2 : size;
}

// In place of libc's.
ssize_t write(int file, const void *bytes, size_t size) {
    return fails(file) ? -1 : syscall(SYS_write, file, bytes, part_of(file, size));
}
ssize_t read(int file, void *bytes, size_t size) {
    return fails(file) ? -1 : syscall(SYS_read, file, bytes, part_of(file, size));
}
ssize_t pread(int file, void *bytes, size_t size, off_t offset) {
    return fails(file) ? -1 : syscall(SYS_pread64, file, bytes, part_of(file, size), offset);
}
int fsync(int file) {
    return fails(file) ? -1 : (int)syscall(SYS_fsync, file);
}
int fdatasync(int file) {
    return fails(file) ? -1 : (int)syscall(SYS_fdatasync, file);
}
int syncfs(int file) {
    return fails(file) ? -1 : (int)syscall(SYS_syncfs, file);
}

int mkdirat(int directory, const char *name, mode_t mode) {
    return refusal && fails(directory) ? -1 : (int)syscall(SYS_mkdirat, directory, name, mode);
}

enum { SIZE = 100000 };

static void expect_whole(struct test_store *test, int64_t id, const char *content) {
    struct catalog_attachment attachment;
    struct archive *archive;
    int file;
    char *bytes = malloc(2 * SIZE);
    assert_int_equal(store_read(test->store, id, "a.pprof", true, &attachment, &file), RECEIVER_OK);
    assert_int_equal(attachment.size_bytes, SIZE);
    size_t size = 0;
    for (ssize_t more; (more = syscall(SYS_read, file, bytes + size, 2 * SIZE - size)) > 0;) {
        size += (size_t)more;
    }
    close(file);
    assert_int_equal(size, SIZE);
    assert_memory_equal(bytes, content, SIZE);
    assert_int_equal(archive_open(test->store, id, &archive), RECEIVER_OK);
    size = 0;
    for (ssize_t more; (more = archive_read(archive, bytes, 4096)) != 0; size += (size_t)more) {
        assert_true(more > 0);
    }
    assert_int_equal(size, archive_size(archive));
    archive_free(archive);
    free(bytes);
}

static void store_disturbed(struct test_store *test) {
    char *content = malloc(SIZE + 1);
    for (int i = 0; i < SIZE; i++) {
        content[i] = (char)('a' + i % 23);
    }
    content[SIZE] = '\0';
    disturbs = true;
    int64_t id = add_good(test, content);
    expect_whole(test, id, content);
    reopen(test, 0);
    expect_whole(test, id, content);
    // The index is read from the files again.
    char path[128];
    snprintf(path, sizeof path, "%s/index.sqlite", test->directory);
    store_close(test->store);
    test->store = NULL;
    unlink(path);
    reopen(test, 0);
    expect_whole(test, id, content);
    disturbs = false;
    assert_true(calls > 50);
    free(content);
}

TEST_IN(store, stored_whole) {
    store_disturbed(*state);
}

TEST_IN(store, refused_while_read_only) {
    struct test_store *test = *state;
    struct pending_upload *pending;
    struct fixture fixture = {0};
    int64_t id;
    char text[200];
    add_good(test, "first");
    refusal = EROFS;
    assert_int_equal(pending_upload_new(test->store, &pending), RECEIVER_READ_ONLY);
    refusal = 0;
    // It becomes so while an upload arrives, and then at its end.
    for (int written = 0; written < 2; written++) {
        assert_int_equal(pending_upload_new(test->store, &pending), RECEIVER_OK);
        assert_int_equal(pending_upload_attachment(pending, "a.pprof", text, sizeof text), RECEIVER_OK);
        refusal = written ? 0 : EROFS;
        assert_int_equal(pending_upload_write(pending, "x", 1), written ? RECEIVER_OK : RECEIVER_READ_ONLY);
        refusal = EROFS;
        assert_int_equal(keep(pending, EVENT, NULL, &id, text), RECEIVER_READ_ONLY);
        assert_string_equal(text, "the disk is read-only");
        refusal = 0;
        pending_upload_free(pending);
    }
    add_good(test, "second");
    strcpy(fixture.directory, test->directory);
    assert_int_equal(count_files(&fixture, "uploads"), 2);
    assert_int_equal(count_files(&fixture, "incoming"), 0);
}

int main(void) {
    return tests_run();
}
