// test_store.h: a store in a fresh directory, for tests that write to it and read from it.
#ifndef CMEMPROF_RECEIVER_TEST_STORE_H
#define CMEMPROF_RECEIVER_TEST_STORE_H

#include "../../base/test/test.h"
#include "../../base/test/folder.h"

#include "http.h"

#include "../store/pending_upload.h"

#include <pthread.h>

struct test_store {
    char directory[FOLDER_BYTES];
    struct store *store;
};

static inline void reopen(struct test_store *test, uint64_t retention_bytes) {
    struct store_options options = {.directory = test->directory, .retention_bytes = retention_bytes};
    char text[256] = "";
    store_close(test->store);
    test->store = NULL;
    if (store_open(&options, &test->store, text, sizeof text) != RECEIVER_OK) {
        fail_msg("store_open: %s", text);
    }
}

static inline int store_setup(void **state) {
    struct test_store *test = calloc(1, sizeof *test);
    assert_int_equal(folder_make(test->directory), 0);
    reopen(test, 0);
    *state = test;
    return 0;
}

static inline int store_teardown(void **state) {
    struct test_store *test = *state;
    store_close(test->store);
    int status = folder_remove(test->directory);
    free(test);
    return status;
}

// The outcome of an upload, for the waiting thread.
struct kept {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
    enum receiver_error error;
    int64_t id;
    char text[200];
};

static inline void on_kept(void *context, enum receiver_error error, int64_t id, const char *reason) {
    struct kept *kept = context;
    pthread_mutex_lock(&kept->lock);
    kept->done = true;
    kept->error = error;
    kept->id = id;
    snprintf(kept->text, sizeof kept->text, "%s", reason);
    pthread_cond_signal(&kept->wake);
    pthread_mutex_unlock(&kept->lock);
}

// Waits for pending_upload_keep.
static inline enum receiver_error keep(struct pending_upload *pending, const char *event, const char *more_tags, int64_t *id, char *text) {
    struct kept kept = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    pending_upload_keep(pending, event, strlen(event), more_tags, on_kept, &kept);
    pthread_mutex_lock(&kept.lock);
    while (!kept.done) {
        pthread_cond_wait(&kept.wake, &kept.lock);
    }
    pthread_mutex_unlock(&kept.lock);
    *id = kept.id;
    snprintf(text, sizeof kept.text, "%s", kept.text);
    return kept.error;
}

static inline enum receiver_error add(struct test_store *test, const char *event, const char *content, int64_t *id, char *text) {
    struct pending_upload *pending;
    assert_int_equal(pending_upload_new(test->store, &pending), RECEIVER_OK);
    assert_int_equal(pending_upload_attachment(pending, "a.pprof", text, 200), RECEIVER_OK);
    assert_int_equal(pending_upload_write(pending, content, strlen(content)), RECEIVER_OK);
    enum receiver_error error = keep(pending, event, NULL, id, text);
    pending_upload_free(pending);
    return error;
}

static inline int64_t add_good(struct test_store *test, const char *content) {
    int64_t id = 0;
    char text[200] = "";
    assert_int_equal(add(test, EVENT, content, &id, text), RECEIVER_OK);
    return id;
}

#endif
