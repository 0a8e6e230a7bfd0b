// queue.c: upload_queue: which batch is sent when, and what happens after a failure. Described in upload.h.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../base/clock.h"
#include "batch.h"
#include "../base/check.h"
#include "policy.h"
#include "spool.h"
#include "spool_suspects.h"
#include "upload.h"

enum { DEFAULT_BATCHES = 5, LAST_TRIES = 3 };
static const uint64_t default_bytes = 64ULL << 20, default_spool_bytes = 256ULL << 20, default_period_ns = 60ULL * 1000 * 1000 * 1000;

struct upload_queue {
    pthread_mutex_t lock; // guards the following fields
    struct upload_queue_options options;
    struct upload_batch **batches; // oldest first; capacity max_batches + 1
    size_t count;
    uint64_t bytes;
    struct upload_spool *spool; // NULL: none, or not usable
    struct upload_counts counts;
    unsigned failures;      // of the server, consecutive
    uint64_t not_before_ns; // earliest time of the next attempt
    bool told_to_wait;      // not_before_ns comes from Retry-After
    bool finishing;
    unsigned last_failures; // since finishing began
    uint64_t end_ns;        // deadline of finishing
    char spool_error[200];
};

// ---- Time ----

static uint64_t monotonic_ns(void *context) {
    (void)context;
    return clock_ns(CLOCK_MONOTONIC);
}

static uint64_t kernel_random(void *context) {
    (void)context;
    uint64_t random = 0;
    return getrandom(&random, sizeof random, GRND_NONBLOCK) == sizeof random ? random : monotonic_ns(NULL);
}

static uint64_t now_ns(const struct upload_queue *queue) {
    return queue->options.now_ns(queue->options.context);
}

// ---- Batches in memory and in the spool ----

static bool fits(const struct upload_queue *queue, const struct upload_batch *batch) {
    return queue->count == 0 || (queue->count < queue->options.max_batches && queue->bytes + batch->size <= queue->options.max_bytes);
}

static void insert(struct upload_queue *queue, struct upload_batch *batch, size_t at) {
    memmove(queue->batches + at + 1, queue->batches + at, (queue->count - at) * sizeof *queue->batches);
    queue->batches[at] = batch;
    queue->count++;
    queue->bytes += batch->size;
}

static struct upload_batch *take_oldest(struct upload_queue *queue) {
    struct upload_batch *batch = queue->batches[0];
    queue->count--;
    queue->bytes -= batch->size;
    memmove(queue->batches, queue->batches + 1, queue->count * sizeof *queue->batches);
    return batch;
}

static void record_spool_error(struct upload_queue *queue, int error) {
    // strerror_r is another function in musl. Texts of the kernel's errors are constants, in glibc too.
    snprintf(queue->spool_error, sizeof queue->spool_error, "%s", error == 0 ? "out of memory" : strerror(error));
}

// Counts and records a failure of the spool. error: 0 or an errno. Returns true if there is none.
static bool has_spooled(struct upload_queue *queue, int error) {
    if (error != 0) {
        queue->counts.spool_errors++;
        record_spool_error(queue, error);
    }
    return error == 0;
}

// true: the batch is on disk, and locked against other processes.
static bool put_into_spool(struct upload_queue *queue, struct upload_batch *batch) {
    if (!queue->spool || batch->spool_fd >= 0) {
        return queue->spool;
    }
    return has_spooled(queue, upload_spool_add(queue->spool, batch, &queue->counts));
}

// Unlocks the batch's file for this process or another one, and frees the batch.
static void leave_to_spool(struct upload_queue *queue, struct upload_batch *batch, bool put_off) {
    queue->counts.spooled += !batch->spooled;
    upload_spool_leave(queue->spool, batch, put_off);
    upload_batch_free(batch);
}

// Leaves a batch to the spool, or drops it.
static enum upload_outcome give_up(struct upload_queue *queue, struct upload_batch *batch) {
    if (put_into_spool(queue, batch)) {
        leave_to_spool(queue, batch, false);
        return UPLOAD_OUTCOME_SPOOLED;
    }
    queue->counts.dropped++;
    upload_batch_free(batch);
    return UPLOAD_OUTCOME_DROPPED;
}

// ---- Add and next ----

void upload_queue_add(struct upload_queue *queue, struct upload_batch *batch) {
    CHECK(batch);
    pthread_mutex_lock(&queue->lock);
    bool safe = put_into_spool(queue, batch);
    if (safe && queue->failures > 0) {
        leave_to_spool(queue, batch, false);
    } else {
        while (!fits(queue, batch)) {
            give_up(queue, take_oldest(queue));
        }
        insert(queue, batch, queue->count);
    }
    pthread_mutex_unlock(&queue->lock);
}

void upload_queue_reserve(struct upload_queue *queue, uint64_t bytes) {
    pthread_mutex_lock(&queue->lock);
    if (queue->spool) {
        (void)upload_spool_reserve(queue->spool, bytes); // without it the batch is written as others are
    }
    pthread_mutex_unlock(&queue->lock);
}

bool upload_queue_keep(struct upload_queue *queue, struct upload_batch *batch) {
    pthread_mutex_lock(&queue->lock);
    bool kept = queue->spool && has_spooled(queue, upload_spool_add_urgent(queue->spool, batch, &queue->counts));
    pthread_mutex_unlock(&queue->lock);
    return kept;
}

void upload_queue_forget(struct upload_queue *queue, struct upload_batch *batch) {
    if (!queue && batch->spool_fd >= 0) {
        upload_spool_leave(NULL, batch, true);
    } else if (batch->spool_fd >= 0) {
        pthread_mutex_lock(&queue->lock);
        queue->counts.spool_errors += upload_spool_done(queue->spool, batch) != 0;
        pthread_mutex_unlock(&queue->lock);
    }
    upload_batch_free(batch);
}

// Whether there is or may be a batch to send, now or after a pause.
static bool may_have_work(const struct upload_queue *queue, uint64_t now) {
    if (queue->finishing) {
        return queue->count > 0 && queue->last_failures < LAST_TRIES && now < queue->end_ns && queue->not_before_ns < queue->end_ns;
    }
    return queue->count > 0 || queue->spool;
}

static struct upload_batch *next(struct upload_queue *queue, uint64_t *wait_ns) {
    uint64_t now = now_ns(queue);
    if (!may_have_work(queue, now)) {
        *wait_ns = UINT64_MAX;
        return NULL;
    }
    if (now < queue->not_before_ns) {
        *wait_ns = queue->not_before_ns - now;
        return NULL;
    }
    if (queue->count > 0) {
        struct upload_batch *batch = take_oldest(queue);
        if (batch->tries++ == 0) {
            batch->first_try_ns = now;
        } else {
            queue->counts.retried++;
        }
        return batch;
    }
    bool others;
    struct upload_batch *batch = upload_spool_take(queue->spool, &queue->counts, &others);
    queue->counts.retried += !!batch;
    *wait_ns = others ? queue->options.period_ns : UINT64_MAX; // other processes send them, or end and leave them
    return batch;
}

struct upload_batch *upload_queue_next(struct upload_queue *queue, uint64_t *wait_ns) {
    pthread_mutex_lock(&queue->lock);
    *wait_ns = 0;
    struct upload_batch *batch = next(queue, wait_ns);
    pthread_mutex_unlock(&queue->lock);
    return batch;
}

// ---- Results ----

static void start_pause(struct upload_queue *queue, const struct upload_result *result) {
    uint64_t random = queue->options.random(queue->options.context);
    queue->failures += queue->failures < UINT32_MAX;
    queue->last_failures += queue->finishing;
    uint64_t pause = queue->finishing ? upload_policy_last_pause_ns(queue->last_failures, random)
                                      : upload_policy_pause_ns(queue->options.period_ns, queue->failures, random);
    queue->told_to_wait = result->retry_after_ms > 0;
    if (queue->told_to_wait) {
        pause = result->retry_after_ms * 1000000;
    }
    queue->not_before_ns = now_ns(queue) + pause;
}

static void end_pause(struct upload_queue *queue) {
    queue->failures = queue->last_failures = 0;
    queue->not_before_ns = 0;
}

// Moves the batches in memory to the spool, in order, until one cannot be written.
static void empty_into_spool(struct upload_queue *queue) {
    while (queue->count > 0 && put_into_spool(queue, queue->batches[0])) {
        leave_to_spool(queue, take_oldest(queue), false);
    }
}

// A transient failure.
static enum upload_outcome keep(struct upload_queue *queue, struct upload_batch *batch, bool failed_at) {
    uint64_t next_try_ns = queue->not_before_ns;
    if (put_into_spool(queue, batch)) {
        bool fresh = !batch->spooled;
        leave_to_spool(queue, batch, failed_at);
        empty_into_spool(queue);
        return fresh ? UPLOAD_OUTCOME_SPOOLED : UPLOAD_OUTCOME_WAITS;
    }
    bool last =
        queue->finishing ? queue->last_failures >= LAST_TRIES : failed_at && next_try_ns - batch->first_try_ns > queue->options.period_ns;
    if (!last && fits(queue, batch)) {
        insert(queue, batch, 0);
        return UPLOAD_OUTCOME_WAITS;
    }
    *(last ? &queue->counts.failed : &queue->counts.dropped) += 1;
    upload_batch_free(batch);
    return last ? UPLOAD_OUTCOME_FAILED : UPLOAD_OUTCOME_DROPPED;
}

// The attempt was cancelled on our side: as if it had not been made.
static enum upload_outcome put_back(struct upload_queue *queue, struct upload_batch *batch) {
    if (batch->spooled) {
        leave_to_spool(queue, batch, false);
        return UPLOAD_OUTCOME_WAITS;
    }
    if (fits(queue, batch)) {
        insert(queue, batch, 0);
        return UPLOAD_OUTCOME_WAITS;
    }
    return give_up(queue, batch);
}

static enum upload_outcome end_batch(struct upload_queue *queue, struct upload_batch *batch, bool sent) {
    if (sent) {
        queue->counts.sent++;
        queue->counts.sent_bytes += batch->size;
        queue->counts.spool_sent += batch->spooled;
    } else {
        queue->counts.failed++;
    }
    (void)has_spooled(queue, batch->spool_fd >= 0 ? upload_spool_done(queue->spool, batch) : 0);
    upload_batch_free(batch);
    return sent ? UPLOAD_OUTCOME_SENT : UPLOAD_OUTCOME_FAILED;
}

// Either the server or this batch is at fault (spool_suspects.h).
static enum upload_outcome keep_suspect(struct upload_queue *queue, struct upload_batch *batch, const struct upload_result *result) {
    unsigned strikes = batch->spool_fd >= 0 ? upload_spool_fail(queue->spool, batch, &queue->counts) : 0;
    if (strikes >= SPOOL_SUSPECTS_STRIKES) {
        return end_batch(queue, batch, false);
    }
    if (strikes > 0) { // the server accepts others, which must not wait for this one
        leave_to_spool(queue, batch, true);
        return UPLOAD_OUTCOME_PUT_OFF;
    }
    start_pause(queue, result);
    return keep(queue, batch, true);
}

// With a spool, only an answer about the batch itself is final. A wrong URL, a wrong key or an outdated server must not empty the spool.
static enum upload_verdict verdict_for(const struct upload_batch *batch, const struct upload_result *result) {
    enum upload_verdict verdict = upload_policy_verdict(result);
    if (verdict == UPLOAD_VERDICT_NOT_HERE) {
        return batch->spool_fd >= 0 ? UPLOAD_VERDICT_AWAY : UPLOAD_VERDICT_FINAL;
    }
    bool of_ours = verdict == UPLOAD_VERDICT_FINAL && result->error != UPLOAD_REJECTED;
    return of_ours && batch->spool_fd >= 0 ? UPLOAD_VERDICT_FAILED_AT : verdict;
}

static enum upload_outcome settle(struct upload_queue *queue, struct upload_batch *batch, const struct upload_result *result) {
    enum upload_verdict verdict = verdict_for(batch, result);
    switch (verdict) {
    case UPLOAD_VERDICT_SENT:
    case UPLOAD_VERDICT_FINAL:
        end_pause(queue);
        return end_batch(queue, batch, verdict == UPLOAD_VERDICT_SENT);
    case UPLOAD_VERDICT_BROKEN_OFF:
        return put_back(queue, batch);
    case UPLOAD_VERDICT_FAILED_AT:
        return keep_suspect(queue, batch, result);
    default:
        start_pause(queue, result);
        return keep(queue, batch, false);
    }
}

enum upload_outcome upload_queue_settle(struct upload_queue *queue, struct upload_batch *batch, const struct upload_result *result) {
    pthread_mutex_lock(&queue->lock);
    enum upload_outcome outcome = settle(queue, batch, result);
    pthread_mutex_unlock(&queue->lock);
    return outcome;
}

// ---- Life ----

static void open_spool(struct upload_queue *queue) {
    int error;
    const char *directory = queue->options.spool;
    queue->options.spool = NULL; // owned by the caller
    queue->spool = upload_spool_open(directory, queue->options.spool_bytes, &queue->counts, &error);
    if (!queue->spool && upload_spool_check(directory, queue->spool_error, sizeof queue->spool_error)) {
        record_spool_error(queue, error);
    }
}

struct upload_queue *upload_queue_open(const struct upload_queue_options *options) {
    struct upload_queue *queue = calloc(1, sizeof *queue);
    if (!queue) {
        return NULL;
    }
    queue->options = *options;
    struct upload_queue_options *o = &queue->options;
    o->max_batches = o->max_batches > 0 ? o->max_batches : DEFAULT_BATCHES;
    o->max_bytes = o->max_bytes > 0 ? o->max_bytes : default_bytes;
    o->period_ns = o->period_ns > 0 ? o->period_ns : default_period_ns;
    o->spool_bytes = o->spool_bytes > 0 ? o->spool_bytes : default_spool_bytes;
    o->now_ns = o->now_ns ? o->now_ns : monotonic_ns;
    o->random = o->random ? o->random : kernel_random;
    queue->batches = calloc(o->max_batches + 1, sizeof(struct upload_batch *));
    if (!queue->batches) {
        free(queue);
        return NULL;
    }
    pthread_mutex_init(&queue->lock, NULL);
    if (o->spool) {
        open_spool(queue);
    }
    return queue;
}

void upload_queue_finish(struct upload_queue *queue, uint64_t limit_ns) {
    pthread_mutex_lock(&queue->lock);
    if (!queue->finishing) {
        queue->finishing = true;
        queue->end_ns = now_ns(queue) + limit_ns;
        if (!queue->told_to_wait) {
            queue->not_before_ns = 0; // ends a long pause
        }
    }
    pthread_mutex_unlock(&queue->lock);
}

void upload_queue_empty(struct upload_queue *queue) {
    pthread_mutex_lock(&queue->lock);
    while (queue->count > 0) {
        give_up(queue, take_oldest(queue));
    }
    pthread_mutex_unlock(&queue->lock);
}

void upload_queue_close(struct upload_queue *queue, struct upload_counts *counts) {
    upload_queue_empty(queue);
    if (counts) {
        *counts = queue->counts;
    }
    upload_spool_close(queue->spool);
    pthread_mutex_destroy(&queue->lock);
    free(queue->batches);
    free(queue);
}

void upload_queue_counts(struct upload_queue *queue, struct upload_counts *counts) {
    pthread_mutex_lock(&queue->lock);
    *counts = queue->counts;
    pthread_mutex_unlock(&queue->lock);
}

void upload_queue_spool_error(struct upload_queue *queue, char *text, size_t size) {
    pthread_mutex_lock(&queue->lock);
    snprintf(text, size, "%s", queue->spool_error);
    pthread_mutex_unlock(&queue->lock);
}
