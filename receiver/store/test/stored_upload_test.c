// stored_upload_test.c: the files of an upload in its directory and in a pack are the same to who opens them.

#include "../../../base/test/test.h"

#include "packed_uploads.h"

#include "../stored_upload.h"

struct listed {
    size_t count;
    uint64_t bytes;
};

static void list(void *context, const char *name, uint64_t size) {
    struct listed *listed = context;
    assert_true(*name && !strchr(name, '/'));
    listed->count++;
    listed->bytes += size;
}

static void expect_files(struct test_store *test, bool packed) {
    struct stored_upload upload;
    struct listed listed = {0};
    struct stat about;
    int file;
    uint8_t got[PACKED_BYTES], *bytes = packed_bytes(1, 0);
    assert_int_equal(stored_open(test->store, 1, &upload), RECEIVER_OK);
    assert_int_equal(!!upload.pack, packed);
    assert_int_equal(stored_packed_bytes(&upload) > 0, packed);
    assert_true(stored_each(&upload, list, &listed));
    assert_int_equal(listed.count, 4);
    assert_true(listed.bytes > 2 * PACKED_BYTES + strlen(EVENT));
    assert_int_equal(stored_measured(&upload, "0-a.pprof", &file), RECEIVER_OK);
    assert_int_equal(read_exact(file, got, PACKED_BYTES), RECEIVER_OK);
    assert_memory_equal(got, bytes, PACKED_BYTES);
    assert_true(fstat(file, &about) == 0 && S_ISREG(about.st_mode) && about.st_size == PACKED_BYTES);
    assert_int_equal(stored_is_in_memory(file), packed);
    close(file);
    assert_int_equal(stored_file(&upload, "none", true, &file), RECEIVER_NOT_FOUND);
    assert_int_equal(file, -1);
    stored_close(&upload);
    assert_int_equal(stored_open(test->store, 2, &upload), RECEIVER_NOT_FOUND);
    free(bytes);
}

TEST_IN(store, both) {
    struct test_store *test = *state;
    struct stored_upload before;
    int file;
    packed_add(test, 1);
    expect_files(test, false);
    assert_int_equal(stored_open(test->store, 1, &before), RECEIVER_OK);
    assert_int_equal(packed_pass(test, DAY_MS), 1);
    expect_files(test, true);
    assert_int_equal(stored_file(&before, "0-a.pprof", true, &file), RECEIVER_OK); // packed since it was opened
    close(file);
    stored_close(&before);
}

// A pipe would wait, a link would lead elsewhere.
TEST_IN(store, no_files) {
    struct test_store *test = *state;
    struct stored_upload upload;
    char path[200];
    int file;
    packed_add(test, 1);
    snprintf(path, sizeof path, "%s/uploads/1/pipe", test->directory);
    assert_int_equal(mkfifo(path, 0600), 0);
    snprintf(path, sizeof path, "%s/uploads/1/link", test->directory);
    assert_int_equal(symlink("event.json", path), 0);
    assert_int_equal(stored_open(test->store, 1, &upload), RECEIVER_OK);
    assert_int_equal(stored_file(&upload, "pipe", true, &file), RECEIVER_DAMAGED);
    assert_int_equal(stored_file(&upload, "link", true, &file), RECEIVER_DAMAGED);
    stored_close(&upload);
}

int main(void) {
    return tests_run();
}
