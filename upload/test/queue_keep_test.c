// queue_keep_test.c: a batch that is on disk in case the process is killed.

#include "../../base/test/test.h"

#include "queue.h"

TEST_IN(folder, kept_batch_is_sent_only_if_it_is_added) {
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

TEST(nothing_is_kept_without_a_spool) {
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
    return tests_run();
}
