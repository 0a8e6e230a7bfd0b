// uploads.h: a store with uploads of several hosts and minutes, for the tests of views of many uploads.
#ifndef CMEMPROF_RECEIVER_TEST_UPLOADS_H
#define CMEMPROF_RECEIVER_TEST_UPLOADS_H

#include "../../base/test/test.h"

#include "test_store.h"
#include "profiles.h"

#include "../views/merge_uploads.h"

struct named_bytes {
    const char *name;
    const void *bytes;
    size_t size;
};

// An upload of the host's one process; its event starts start_s seconds after 3:00 and lasts length_s.
static inline int64_t upload_files(struct test_store *test, const char *host, int start_s, int length_s, const struct named_bytes *files,
                                   size_t count) {
    struct pending_upload *pending;
    char event[400], text[200] = "";
    int64_t id = 0;
    int end_s = start_s + length_s;
    snprintf(event, sizeof event,
             "{\"start\":\"2026-01-02T%02d:%02d:%02dZ\",\"end\":\"2026-01-02T%02d:%02d:%02dZ\",\"family\":\"go\",\"version\":\"4\","
             "\"tags_profiler\":\"service:shop,host:%s,runtime:go,language:go,runtime-id:r-%s\"}",
             3 + start_s / 3600, start_s / 60 % 60, start_s % 60, 3 + end_s / 3600, end_s / 60 % 60, end_s % 60, host, host);
    assert_int_equal(pending_upload_new(test->store, &pending), RECEIVER_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pending_upload_attachment(pending, files[i].name, text, sizeof text), RECEIVER_OK);
        assert_int_equal(pending_upload_write(pending, files[i].bytes, files[i].size), RECEIVER_OK);
    }
    if (keep(pending, event, NULL, &id, text) != RECEIVER_OK) {
        fail_msg("upload: %s", text);
    }
    pending_upload_free(pending);
    return id;
}

static inline int64_t upload_span(struct test_store *test, const char *host, int start_s, int length_s, const char *name, const void *bytes,
                                  size_t size) {
    return upload_files(test, host, start_s, length_s, &(struct named_bytes){name, bytes, size}, 1);
}

// One that covers the minute.
static inline int64_t upload_bytes(struct test_store *test, const char *host, int minute, const char *name, const void *bytes,
                                   size_t size) {
    return upload_span(test, host, 60 * minute, 60, name, bytes, size);
}

// Takes the blob.
static inline int64_t upload_blob(struct test_store *test, const char *host, int minute, const char *name, struct blob blob) {
    int64_t id = upload_bytes(test, host, minute, name, blob.bytes, blob.size);
    free(blob.bytes);
    return id;
}

// The same with two files.
static inline int64_t upload_two(struct test_store *test, const char *host, int minute, const char *first, struct blob one,
                                 const char *second, struct blob two) {
    const struct named_bytes files[] = {{first, one.bytes, one.size}, {second, two.bytes, two.size}};
    int64_t id = upload_files(test, host, 60 * minute, 60, files, 2);
    free(one.bytes);
    free(two.bytes);
    return id;
}

// In use: go bytes in main.a, and c bytes in f below it.
static inline struct blob heap_blob(int64_t go, int64_t c) {
    struct profile *profile = new_heap_profile();
    add_stack(profile, FRAMES("main.a /a.go"), VALUES(1, 2 * go, 1, go), false);
    add_stack(profile, FRAMES("malloc /m.c", "f /f.c", "main.a /a.go"), VALUES(1, 2 * c, 1, c), true);
    return finish(profile);
}

// All uploads that have the attachment.
static inline struct upload_list list_of(struct test_store *test, const char *attachment) {
    struct selection selection;
    struct upload_list list;
    selection_init(&selection);
    assert_int_equal(upload_list_read(store_catalog(test->store), &selection, attachment, UPLOAD_LIST_MAX, &list), RECEIVER_OK);
    selection_free(&selection);
    return list;
}

#endif
