// queue.h: a queue with a fake clock, and what its tests ask of it.
#ifndef CMEMPROF_UPLOAD_TEST_QUEUE_H
#define CMEMPROF_UPLOAD_TEST_QUEUE_H

#include "../../base/test/test.h"

#include "batches.h"

static const uint64_t s = 1000 * 1000 * 1000;
static uint64_t now; // of the queue under test

static inline uint64_t read_now(void *context) {
    (void)context;
    return now;
}

static inline uint64_t no_chance(void *context) {
    (void)context;
    return 0; // pauses are not shortened
}

static inline struct upload_queue *open_queue(const char *spool) {
    const struct upload_queue_options options = {
        .period_ns = 60 * s, .spool = spool, .now_ns = read_now, .random = no_chance, .max_bytes = 1 << 20};
    now = 1000 * s;
    struct upload_queue *queue = upload_queue_open(&options);
    assert_non_null(queue);
    return queue;
}

static const struct upload_result sent = {.status = 200};

// Checks the number of the batch that is due, and settles it with result.
static inline enum upload_outcome settle(struct upload_queue *queue, int number, struct upload_result result) {
    uint64_t wait_ns;
    struct upload_batch *batch = upload_queue_next(queue, &wait_ns);
    assert_int_equal(number_of(batch), number);
    return upload_queue_settle(queue, batch, &result);
}

static inline void assert_waits(struct upload_queue *queue, uint64_t expected_ns) {
    uint64_t wait_ns;
    assert_null(upload_queue_next(queue, &wait_ns));
    assert_true(wait_ns == expected_ns);
}

static inline void assert_counts(struct upload_queue *queue, uint64_t sent_count, uint64_t failed, uint64_t dropped, uint64_t retried) {
    struct upload_counts counts;
    upload_queue_counts(queue, &counts);
    assert_int_equal(counts.sent, sent_count);
    assert_int_equal(counts.failed, failed);
    assert_int_equal(counts.dropped, dropped);
    assert_int_equal(counts.retried, retried);
}

#endif
