// queue_test.c: the outcome of each batch, with a fake clock.

#include "../../base/test/test.h"

#include "queue.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static const uint64_t ms = 1000 * 1000;

static void add(struct upload_queue *queue, unsigned number) {
    upload_queue_add(queue, batch_of(number, 100));
}

static const struct upload_result refused = {.error = UPLOAD_UNREACHABLE}, cancelled = {.error = UPLOAD_CANCELLED},
                                  failing = {.error = UPLOAD_REJECTED, .status = 500},
                                  too_large = {.error = UPLOAD_REJECTED, .status = 413},
                                  wrong_key = {.error = UPLOAD_REJECTED, .status = 403},
                                  slow_down = {.error = UPLOAD_REJECTED, .status = 429, .retry_after_ms = 90 * 1000};

TEST(sends_in_order) {
    struct upload_queue *queue = open_queue(NULL);
    assert_waits(queue, UINT64_MAX);
    for (unsigned i = 0; i < 3; i++) {
        add(queue, i);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(settle(queue, i, sent), UPLOAD_OUTCOME_SENT);
    }
    assert_waits(queue, UINT64_MAX);
    assert_counts(queue, 3, 0, 0, 0);
    upload_queue_close(queue, NULL);
}

TEST(server_away_for_three_periods) {
    struct upload_queue *queue = open_queue(NULL);
    static const uint64_t pauses_s[] = {1, 2, 4, 8, 16, 30, 30, 30, 30, 30};
    uint64_t begin = now, tries = 0;
    for (unsigned next = 0; now - begin < 180 * s;) {
        if (now - begin >= next * 60 * s) {
            add(queue, next++);
        }
        assert_int_equal(settle(queue, 0, refused), UPLOAD_OUTCOME_WAITS);
        assert_waits(queue, pauses_s[tries++] * s);
        now += pauses_s[tries - 1] * s;
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(settle(queue, i, sent), UPLOAD_OUTCOME_SENT);
    }
    assert_counts(queue, 3, 0, 0, tries);
    upload_queue_close(queue, NULL);
}

// A batch that the server fails at must not block the others for ever.
TEST(gives_up_after_a_period_what_the_server_fails_at) {
    struct upload_queue *queue = open_queue(NULL);
    uint64_t begin = now, wait_ns;
    add(queue, 0);
    add(queue, 1);
    while (settle(queue, 0, failing) == UPLOAD_OUTCOME_WAITS) {
        assert_null(upload_queue_next(queue, &wait_ns));
        now += wait_ns;
    }
    assert_in_range(now - begin, 30 * s, 60 * s);
    assert_counts(queue, 0, 1, 0, 5);
    assert_waits(queue, 30 * s); // the pause applies to the server
    now += 30 * s;
    assert_int_equal(settle(queue, 1, sent), UPLOAD_OUTCOME_SENT);
    upload_queue_close(queue, NULL);
}

TEST(final_answers) {
    struct upload_queue *queue = open_queue(NULL);
    add(queue, 0);
    add(queue, 1);
    assert_int_equal(settle(queue, 0, too_large), UPLOAD_OUTCOME_FAILED);
    assert_int_equal(settle(queue, 1, sent), UPLOAD_OUTCOME_SENT); // at once, since the server works
    assert_counts(queue, 1, 1, 0, 0);
    upload_queue_close(queue, NULL);
}

TEST(retry_after) {
    struct upload_queue *queue = open_queue(NULL);
    add(queue, 0);
    assert_int_equal(settle(queue, 0, slow_down), UPLOAD_OUTCOME_WAITS);
    assert_waits(queue, 90 * s); // longer than a period, but not dropped
    now += 90 * s - 1;
    assert_waits(queue, 1);
    now += 1;
    assert_int_equal(settle(queue, 0, sent), UPLOAD_OUTCOME_SENT);
    upload_queue_close(queue, NULL);
}

TEST(oldest_makes_room) {
    struct upload_queue *queue = open_queue(NULL);
    uint64_t wait_ns;
    add(queue, 0);
    struct upload_batch *on_its_way = upload_queue_next(queue, &wait_ns);
    for (unsigned i = 1; i <= 7; i++) {
        add(queue, i);
    }
    assert_counts(queue, 0, 0, 2, 0);
    assert_int_equal(upload_queue_settle(queue, on_its_way, &refused), UPLOAD_OUTCOME_DROPPED); // displaced by newer ones
    assert_counts(queue, 0, 0, 3, 0);
    now += s;
    for (int i = 3; i <= 7; i++) {
        assert_int_equal(settle(queue, i, sent), UPLOAD_OUTCOME_SENT);
    }
    struct upload_counts counts;
    upload_queue_close(queue, &counts);
    assert_int_equal(counts.sent + counts.dropped, 8);
}

TEST(bytes_are_bounded) {
    struct upload_queue *queue = open_queue(NULL);
    upload_queue_add(queue, batch_of(0, 600 << 10));
    upload_queue_add(queue, batch_of(1, 600 << 10));
    assert_counts(queue, 0, 0, 1, 0);
    upload_queue_add(queue, batch_of(2, 3 << 20)); // over the limit, but the only one
    assert_counts(queue, 0, 0, 2, 0);
    assert_int_equal(settle(queue, 2, sent), UPLOAD_OUTCOME_SENT);
    upload_queue_close(queue, NULL);
}

TEST(broken_off_is_as_if_not_tried) {
    struct upload_queue *queue = open_queue(NULL);
    add(queue, 0);
    assert_int_equal(settle(queue, 0, cancelled), UPLOAD_OUTCOME_WAITS);
    assert_int_equal(settle(queue, 0, sent), UPLOAD_OUTCOME_SENT);
    add(queue, 1);
    struct upload_counts counts;
    upload_queue_close(queue, &counts);
    assert_int_equal(counts.dropped, 1);
}

// ---- Finishing ----

TEST(finish_tries_three_times_more) {
    struct upload_queue *queue = open_queue(NULL);
    add(queue, 0);
    for (int i = 0; i < 6; i++) {
        settle(queue, 0, refused);
        now += 30 * s;
    }
    settle(queue, 0, refused);
    upload_queue_finish(queue, 2 * s); // shorter than the pause of 30 s
    add(queue, 1);
    assert_int_equal(settle(queue, 0, refused), UPLOAD_OUTCOME_WAITS);
    assert_waits(queue, 100 * ms);
    now += 100 * ms;
    assert_int_equal(settle(queue, 0, refused), UPLOAD_OUTCOME_WAITS);
    assert_waits(queue, 200 * ms);
    now += 200 * ms;
    assert_int_equal(settle(queue, 0, refused), UPLOAD_OUTCOME_FAILED);
    assert_waits(queue, UINT64_MAX);
    struct upload_counts counts;
    upload_queue_close(queue, &counts);
    assert_int_equal(counts.failed, 1);
    assert_int_equal(counts.dropped, 1);
}

TEST(finish_keeps_its_limit) {
    struct upload_queue *queue = open_queue(NULL);
    add(queue, 0);
    upload_queue_finish(queue, 2 * s);
    now += 3 * s;
    assert_waits(queue, UINT64_MAX);
    upload_queue_close(queue, NULL);
    queue = open_queue(NULL);
    add(queue, 0);
    settle(queue, 0, slow_down);
    upload_queue_finish(queue, 2 * s);
    assert_waits(queue, UINT64_MAX); // Retry-After exceeds the remaining time
    upload_queue_close(queue, NULL);
}

// ---- With a spool ----

TEST_IN(folder, spool_takes_what_cannot_be_sent_and_survives) {
    struct upload_queue *queue = open_queue(folder);
    struct upload_counts counts;
    add(queue, 0);
    add(queue, 1); // waits behind it, and is spooled with it
    assert_int_equal(settle(queue, 0, refused), UPLOAD_OUTCOME_SPOOLED);
    for (unsigned i = 2; i < 20; i++) {
        add(queue, i);
    }
    assert_int_equal(count_files(".batch", NULL), 20); // at once, not at process end
    assert_waits(queue, s);
    upload_queue_close(queue, &counts);
    assert_int_equal(counts.spooled, 20);
    assert_int_equal(counts.dropped + counts.failed + counts.sent, 0);
    queue = open_queue(folder);
    add(queue, 20);
    assert_int_equal(settle(queue, 20, sent), UPLOAD_OUTCOME_SENT); // new ones first
    for (int i = 0; i < 20; i++) {
        assert_int_equal(settle(queue, i, sent), UPLOAD_OUTCOME_SENT);
    }
    assert_waits(queue, UINT64_MAX);
    upload_queue_counts(queue, &counts);
    assert_int_equal(counts.sent, 21);
    assert_int_equal(counts.spool_sent, 20);
    assert_int_equal(counts.retried, 20);
    upload_queue_close(queue, NULL);
}

TEST_IN(folder, spooled_batch_that_the_server_fails_at_does_not_hold_up_the_others) {
    struct upload_queue *queue = open_queue(folder);
    add(queue, 0);
    settle(queue, 0, failing);
    add(queue, 1);
    add(queue, 2);
    now += s;
    assert_int_equal(settle(queue, 0, failing), UPLOAD_OUTCOME_WAITS);
    now += 2 * s;
    assert_int_equal(settle(queue, 1, sent), UPLOAD_OUTCOME_SENT);
    assert_int_equal(settle(queue, 2, sent), UPLOAD_OUTCOME_SENT);
    assert_int_equal(settle(queue, 0, too_large), UPLOAD_OUTCOME_FAILED);
    assert_int_equal(count_files(".batch", NULL), 0);
    assert_counts(queue, 2, 1, 0, 4);
    upload_queue_close(queue, NULL);
}

TEST_IN(folder, spool_on_close_and_when_the_queue_is_full) {
    struct upload_queue *queue = open_queue(folder);
    struct upload_counts counts;
    for (unsigned i = 0; i < 8; i++) {
        add(queue, i);
    }
    assert_int_equal(count_files(".batch", NULL), 8);
    upload_queue_counts(queue, &counts);
    assert_int_equal(counts.spooled, 3); // the others are also in memory
    upload_queue_close(queue, &counts);
    assert_int_equal(counts.spooled, 8);
    assert_int_equal(counts.dropped, 0);
    assert_int_equal(count_files(".batch", NULL), 8);
}

// On disk before it is sent, deleted once it has arrived, and never counted as spooled.
TEST_IN(folder, batch_is_on_disk_before_it_is_sent) {
    uint64_t wait_ns;
    struct upload_counts counts;
    struct upload_queue *queue = open_queue(folder);
    add(queue, 0);
    assert_int_equal(count_files(".batch", NULL), 1);
    struct upload_batch *batch = upload_queue_next(queue, &wait_ns);
    assert_int_equal(count_files(".batch", NULL), 1);
    assert_int_equal(upload_queue_settle(queue, batch, &sent), UPLOAD_OUTCOME_SENT);
    assert_int_equal(count_files(".batch", NULL), 0);
    add(queue, 1);
    assert_int_equal(settle(queue, 1, too_large), UPLOAD_OUTCOME_FAILED);
    assert_int_equal(count_files(".batch", NULL), 0);
    upload_queue_close(queue, &counts);
    assert_int_equal(counts.spooled + counts.spool_sent + counts.retried, 0);
}

// A process is killed while its batches are sent for the first time, or wait for it.
TEST_IN(folder, sigkill_on_the_first_try_loses_nothing) {
    int ends[2], status;
    char ready;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        uint64_t wait_ns;
        struct upload_queue *queue = open_queue(folder);
        for (unsigned i = 0; i < 3; i++) {
            add(queue, i);
        }
        if (!upload_queue_next(queue, &wait_ns) || write(ends[1], "!", 1) != 1) {
            _exit(1);
        }
        pause();
    }
    assert_int_equal(read(ends[0], &ready, 1), 1);
    struct upload_queue *queue = open_queue(folder);
    assert_waits(queue, 60 * s); // locked by that process while it lives
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(settle(queue, i, sent), UPLOAD_OUTCOME_SENT);
    }
    assert_waits(queue, UINT64_MAX);
    upload_queue_close(queue, NULL);
    close(ends[0]);
    close(ends[1]);
}

// A batch that always makes the server fail: the others arrive at once, and it is finally given up.
TEST_IN(folder, poisoned_batch_is_given_up) {
    struct upload_queue *queue = open_queue(folder);
    add(queue, 0);
    assert_int_equal(settle(queue, 0, failing), UPLOAD_OUTCOME_SPOOLED);
    for (int i = 0; i < 100; i++) { // while nothing else arrives, the server may be at fault
        now += 30 * s;
        assert_int_equal(settle(queue, 0, failing), UPLOAD_OUTCOME_WAITS);
    }
    now += 30 * s;
    add(queue, 1);
    assert_int_equal(settle(queue, 1, sent), UPLOAD_OUTCOME_SENT);
    for (unsigned i = 2; i <= 10; i++) {
        assert_int_equal(settle(queue, 0, failing), UPLOAD_OUTCOME_PUT_OFF);
        assert_waits(queue, UINT64_MAX); // until the next batch is added
        add(queue, i);
        assert_int_equal(settle(queue, (int)i, sent), UPLOAD_OUTCOME_SENT); // without a pause
    }
    assert_int_equal(settle(queue, 0, failing), UPLOAD_OUTCOME_FAILED);
    assert_int_equal(count_files(".batch", NULL), 0);
    assert_waits(queue, UINT64_MAX);
    struct upload_counts counts;
    upload_queue_close(queue, &counts);
    assert_int_equal(counts.sent, 10);
    assert_int_equal(counts.failed, 1);
}

// A wrong key or an outdated Agent does not concern the batches. Once it is fixed, old and new ones arrive.
TEST_IN(folder, wrong_key_does_not_empty_the_spool) {
    static const long statuses[] = {401, 403, 404, 405, 407};
    struct upload_result result = wrong_key;
    struct upload_queue *queue = open_queue(folder);
    for (unsigned i = 0; i < 3; i++) {
        add(queue, i);
    }
    assert_int_equal(settle(queue, 0, refused), UPLOAD_OUTCOME_SPOOLED);
    for (unsigned i = 0; i < 5; i++) {
        result.status = statuses[i];
        now += 30 * s;
        assert_int_equal(settle(queue, 0, result), UPLOAD_OUTCOME_WAITS);
        uint64_t wait_ns;
        assert_null(upload_queue_next(queue, &wait_ns)); // the others are not tried in turn
        assert_true(wait_ns > 0);
    }
    upload_queue_close(queue, NULL);
    queue = open_queue(folder);
    add(queue, 3); // so is a new one
    assert_int_equal(settle(queue, 3, wrong_key), UPLOAD_OUTCOME_SPOOLED);
    add(queue, 4);
    assert_int_equal(count_files(".batch", NULL), 5);
    now += 30 * s;
    assert_int_equal(settle(queue, 0, sent), UPLOAD_OUTCOME_SENT);
    assert_int_equal(settle(queue, 1, too_large), UPLOAD_OUTCOME_FAILED); // concerns the batch
    for (int i = 2; i < 5; i++) {
        assert_int_equal(settle(queue, i, sent), UPLOAD_OUTCOME_SENT);
    }
    upload_queue_close(queue, NULL);
    queue = open_queue(NULL); // without a spool it fails at once, with the server's answer
    add(queue, 0);
    assert_int_equal(settle(queue, 0, wrong_key), UPLOAD_OUTCOME_FAILED);
    upload_queue_close(queue, NULL);
}

// An invalid URL is a fault of one process. The next one sends that process's batches and those that it found.
TEST_IN(folder, fault_of_our_own_does_not_empty_the_spool) {
    static const struct upload_result bad_url = {.error = UPLOAD_BAD_URL};
    struct upload_queue *queue = open_queue(folder);
    add(queue, 0);
    assert_int_equal(settle(queue, 0, refused), UPLOAD_OUTCOME_SPOOLED);
    upload_queue_close(queue, NULL);

    queue = open_queue(folder);
    assert_int_equal(settle(queue, 0, bad_url), UPLOAD_OUTCOME_WAITS);
    add(queue, 1);
    assert_int_equal(count_files(".batch", NULL), 2);
    assert_counts(queue, 0, 0, 0, 1);
    upload_queue_close(queue, NULL);

    queue = open_queue(folder);
    add(queue, 2);
    assert_int_equal(settle(queue, 2, bad_url), UPLOAD_OUTCOME_SPOOLED);
    now += s;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(settle(queue, i, sent), UPLOAD_OUTCOME_SENT);
    }
    upload_queue_close(queue, NULL);
}

// Batches that cannot be written wait in memory as without a spool.
TEST_IN(folder, spool_that_cannot_be_written) {
    char text[200], path[100];
    snprintf(path, sizeof path, "%s/spool", folder);
    const struct upload_queue_options options = {
        .period_ns = 60 * s, .spool = path, .spool_bytes = 4096, .now_ns = read_now, .random = no_chance};
    struct upload_queue *queue = upload_queue_open(&options);
    struct upload_counts counts;
    upload_queue_spool_error(queue, text, sizeof text);
    assert_string_equal(text, "");
    upload_queue_add(queue, batch_of(0, 5000)); // larger than the spool
    assert_int_equal(settle(queue, 0, refused), UPLOAD_OUTCOME_WAITS);
    upload_queue_spool_error(queue, text, sizeof text);
    assert_string_equal(text, "File too large");
    upload_queue_counts(queue, &counts);
    assert_int_equal(counts.spool_errors, 2); // again when it could not be sent
    now += s;
    assert_int_equal(settle(queue, 0, sent), UPLOAD_OUTCOME_SENT);
    upload_queue_counts(queue, &counts);
    assert_int_equal(counts.spooled + counts.dropped, 0);
    upload_queue_add(queue, batch_of(1, 5000));
    upload_queue_empty(queue);
    upload_queue_counts(queue, &counts); // the last error is available
    assert_int_equal(counts.spool_errors, 4);
    assert_int_equal(counts.dropped, 1);
    upload_queue_close(queue, NULL);
}

TEST_IN(folder, spool_that_others_can_write_into) {
    char text[200];
    assert_int_equal(chmod(folder, 0777), 0);
    struct upload_queue *queue = open_queue(folder);
    upload_queue_spool_error(queue, text, sizeof text);
    assert_string_equal(text, "every user can write to the directory (use a subdirectory)");
    add(queue, 0);
    assert_int_equal(count_files(".batch", NULL), 0);
    assert_int_equal(settle(queue, 0, sent), UPLOAD_OUTCOME_SENT);
    upload_queue_close(queue, NULL);
}

TEST_IN(folder, spool_that_cannot_be_opened) {
    char text[200];
    struct upload_queue *queue = open_queue("/dev/null/x");
    upload_queue_spool_error(queue, text, sizeof text);
    assert_string_equal(text, "Not a directory");
    add(queue, 0);
    assert_int_equal(settle(queue, 0, sent), UPLOAD_OUTCOME_SENT);
    upload_queue_close(queue, NULL);
}

// Another process holds the files; it may end without sending them.
TEST_IN(folder, looks_again_at_what_others_have) {
    uint64_t wait_ns;
    struct upload_queue *one = open_queue(folder), *two = open_queue(folder);
    add(one, 0);
    settle(one, 0, refused);
    now += s;
    struct upload_batch *batch = upload_queue_next(one, &wait_ns);
    assert_waits(two, 60 * s);
    assert_int_equal(upload_queue_settle(one, batch, &cancelled), UPLOAD_OUTCOME_WAITS);
    assert_int_equal(settle(two, 0, sent), UPLOAD_OUTCOME_SENT);
    upload_queue_close(one, NULL);
    upload_queue_close(two, NULL);
}

// The real clock: monotonic, unaffected when the time is set.
TEST(real_clock_is_the_monotonic_one) {
    const struct upload_queue_options options = {.period_ns = 32000 * s};
    struct upload_queue *queue = upload_queue_open(&options);
    struct timespec before, after;
    uint64_t wait_ns;
    add(queue, 0);
    clock_gettime(CLOCK_MONOTONIC, &before);
    settle(queue, 0, refused);
    assert_null(upload_queue_next(queue, &wait_ns));
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_in_range(wait_ns, 0, s);
    assert_true(wait_ns + (uint64_t)(after.tv_sec - before.tv_sec + 1) * s >= s / 2);
    upload_queue_close(queue, NULL);
}

int main(void) {
    return tests_run();
}
