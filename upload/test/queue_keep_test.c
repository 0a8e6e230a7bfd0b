// queue_keep_test.c: a batch that is on disk in case the process is killed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "batches.h"

static const uint64_t s = 1000 * 1000 * 1000;
static uint64_t now; // of the queue under test

static uint64_t read_now(void *context) {
    (void)context;
    return now;
}

static uint64_t no_chance(void *context) {
    (void)context;
    return 0; // pauses are not shortened
}

static struct upload_queue *open_queue(const char *spool) {
    const struct upload_queue_options options = {
        .period_ns = 60 * s, .spool = spool, .now_ns = read_now, .random = no_chance, .max_bytes = 1 << 20};
    now = 1000 * s;
    struct upload_queue *queue = upload_queue_open(&options);
    assert_non_null(queue);
    return queue;
}

static const struct upload_result sent = {.status = 200};

// Checks the number of the batch that is due, and settles it with result.
static enum upload_outcome settle(struct upload_queue *queue, int number, struct upload_result result) {
    uint64_t wait_ns;
    struct upload_batch *batch = upload_queue_next(queue, &wait_ns);
    assert_int_equal(number_of(batch), number);
    return upload_queue_settle(queue, batch, &result);
}

static void assert_waits(struct upload_queue *queue, uint64_t expected_ns) {
    uint64_t wait_ns;
    assert_null(upload_queue_next(queue, &wait_ns));
    assert_true(wait_ns == expected_ns);
}

static void assert_counts(struct upload_queue *queue, uint64_t sent_count, uint64_t failed, uint64_t dropped, uint64_t retried) {
    struct upload_counts counts;
    upload_queue_counts(queue, &counts);
    assert_int_equal(counts.sent, sent_count);
    assert_int_equal(counts.failed, failed);
    assert_int_equal(counts.dropped, dropped);
    assert_int_equal(counts.retried, retried);
}

static void test_kept_batch_is_sent_only_if_it_is_added(void **state) {
    (void)state;
    struct upload_queue *queue = open_queue(folder);
    upload_queue_reserve(queue, 1 << 16);
    for (unsigned i = 0; i < 2; i++) {
        struct upload_batch *batch = batch_of(i, 100);
        assert_true(upload_queue_keep(queue, batch));
        assert_int_equal(count_files(".batch", NULL), 1);
        assert_waits(queue, s * 60); // somebody else may come to hold it
        if (i == 0) {
            upload_queue_forget(queue, batch);
        } else {
            upload_queue_add(queue, batch);
            assert_int_equal(settle(queue, 1, sent), UPLOAD_OUTCOME_SENT);
        }
        assert_int_equal(count_files(".batch", NULL), 0);
    }
    assert_counts(queue, 1, 0, 0, 0);
    struct upload_batch *last = batch_of(2, 100);
    assert_true(upload_queue_keep(queue, last));
    upload_queue_close(queue, NULL);
    upload_queue_forget(NULL, last); // for the next process
    queue = open_queue(folder);
    assert_int_equal(settle(queue, 2, sent), UPLOAD_OUTCOME_SENT);
    upload_queue_close(queue, NULL);
    assert_int_equal(count_files("", NULL), 2);
}

static void test_nothing_is_kept_without_a_spool(void **state) {
    (void)state;
    struct upload_queue *queue = open_queue(NULL);
    upload_queue_reserve(queue, 1 << 16);
    struct upload_batch *batch = batch_of(3, 100);
    assert_false(upload_queue_keep(queue, batch));
    upload_queue_add(queue, batch);
    assert_int_equal(settle(queue, 3, sent), UPLOAD_OUTCOME_SENT);
    batch = batch_of(4, 100);
    assert_false(upload_queue_keep(queue, batch));
    upload_queue_forget(queue, batch);
    assert_counts(queue, 1, 0, 0, 0);
    upload_queue_close(queue, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept_batch_is_sent_only_if_it_is_added, make_folder, remove_folder),
        cmocka_unit_test(test_nothing_is_kept_without_a_spool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
