// spool.h: a spool in the test's folder, and what its tests do with it.
#ifndef CMEMPROF_UPLOAD_TEST_SPOOL_H
#define CMEMPROF_UPLOAD_TEST_SPOOL_H

#include "../../base/test/test.h"

#include "../spool.h"
#include "batches.h"

static struct upload_counts counts; // of the running test

static inline struct upload_spool *open_spool(uint64_t max_bytes) {
    int cause;
    struct upload_spool *spool = upload_spool_open(folder, max_bytes, &counts, &cause);
    assert_int_equal(cause, 0);
    assert_non_null(spool);
    return spool;
}

static inline int add(struct upload_spool *spool, unsigned number, size_t bytes) {
    struct upload_batch *batch = batch_of(number, bytes);
    int error = upload_spool_add(spool, batch, &counts);
    if (error == 0) {
        upload_spool_leave(spool, batch, false);
    }
    upload_batch_free(batch);
    return error;
}

// Takes and deletes the next batch and returns its number; -1: none, or damaged.
static inline int take(struct upload_spool *spool) {
    bool others;
    struct upload_batch *batch = upload_spool_take(spool, &counts, &others);
    int number = number_of(batch);
    if (batch) {
        upload_spool_done(spool, batch);
        upload_batch_free(batch);
    }
    return number;
}

static inline int spool_setup(void **state) {
    counts = (struct upload_counts){0};
    return folder_setup(state);
}

static inline int spool_teardown(void **state) {
    return folder_teardown(state);
}

#endif
