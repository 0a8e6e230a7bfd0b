// archive_test.c: the tar file of an upload, unpacked by tar itself; the same bytes in pieces of every size.

#include "../../../base/test/test.h"

#include "../../test/test_store.h"

#include "../archive.h"

#include <fcntl.h>

static struct text read_archive(struct archive *archive, size_t piece) {
    struct text text = {0};
    char *bytes = malloc(piece);
    ssize_t count;
    while ((count = archive_read(archive, bytes, piece)) > 0) {
        text_add_bytes(&text, bytes, (size_t)count);
    }
    assert_int_equal(count, 0);
    free(bytes);
    return text;
}

// Some names are those of other files in the archive, or equal to another on some file systems.
static void add_upload(struct test_store *test) {
    static const char *const names[] = {"heap.pprof", "../evil",   "event.json", ".hidden", "caf\xc3\xa9",
                                        "1-.._evil",  "Meta.json", "HEAP.pprof", "9-x",     "metrics.json"};
    struct pending_upload *pending;
    char text[200], content[4000];
    int64_t id;
    assert_int_equal(pending_upload_new(test->store, &pending), RECEIVER_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        memset(content, 'a' + (int)i, sizeof content);
        assert_int_equal(pending_upload_attachment(pending, names[i], text, sizeof text), RECEIVER_OK);
        assert_int_equal(pending_upload_write(pending, content, i * 300 + (i > 2)), RECEIVER_OK);
    }
    assert_int_equal(keep(pending, EVENT, "team:a", &id, text), RECEIVER_OK);
    pending_upload_free(pending);
}

TEST_IN(store, read_by_tar) {
    struct test_store *test = *state;
    struct archive *archive;
    char command[900], path[100];
    add_upload(test);
    assert_int_equal(archive_open(test->store, 1, &archive), RECEIVER_OK);
    uint64_t size = archive_size(archive);
    struct text whole = read_archive(archive, 1 << 20);
    archive_free(archive);
    assert_int_equal(whole.size, size);
    for (size_t piece = 1; piece < 1200; piece += 37) {
        assert_int_equal(archive_open(test->store, 1, &archive), RECEIVER_OK);
        struct text text = read_archive(archive, piece);
        assert_int_equal(text.size, whole.size);
        assert_memory_equal(text.bytes, whole.bytes, whole.size);
        free(text.bytes);
        archive_free(archive);
    }
    snprintf(path, sizeof path, "%s/a.tar", test->directory);
    FILE *file = fopen(path, "w");
    fwrite(whole.bytes, 1, whole.size, file);
    fclose(file);
    free(whole.bytes);
    snprintf(
        command, sizeof command,
        "cd '%s' && tar xf a.tar && cd upload-1 && test \"$(LC_ALL=C ls -A | tr '\\n' ' ')\" = '1-.._evil 2-event.json 3-.hidden 4-caf__ "
        "5-1-.._evil 6-Meta.json 7-HEAP.pprof 8-9-x event.json heap.pprof meta.json metrics.json ' &&"
        " cmp event.json ../uploads/1/event.json && cmp meta.json ../uploads/1/meta.json && cmp heap.pprof ../uploads/1/0-heap.pprof &&"
        " for f in [0-9]-*; do cmp \"$f\" ../uploads/1/\"$f\" || exit 1; done",
        test->directory);
    assert_int_equal(system(command), 0);
}

TEST_IN(store, damaged) {
    struct test_store *test = *state;
    struct archive *archive;
    char path[100], bytes[100];
    add_upload(test);
    assert_int_equal(archive_open(test->store, 2, &archive), RECEIVER_NOT_FOUND);
    snprintf(path, sizeof path, "%s/uploads/1/4-caf__", test->directory);
    assert_int_equal(archive_open(test->store, 1, &archive), RECEIVER_OK);
    assert_int_equal(truncate(path, 1), 0); // while it is sent
    ssize_t count;
    while ((count = archive_read(archive, bytes, sizeof bytes)) > 0) {
    }
    assert_int_equal(count, -1);
    archive_free(archive);
    assert_int_equal(archive_open(test->store, 1, &archive), RECEIVER_DAMAGED);
}

int main(void) {
    return tests_run();
}
