// run_sender.c: the sending thread and its owner's side (run_sender.h).
#include "run_sender.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../base/clock.h"
#include "../../client/client.h"
#include "../../merge/version.h"
#include "../base/diagnostic.h"
#include "../send/target_address.h"
#include "agent_url.h"
#include "run_body.h"

struct run_sender {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; // uses the monotonic clock
    bool changes;           // guarded by lock: the queue may have work
    bool closing;           // guarded by lock: no further batches come
    bool rests;             // guarded by lock: the thread waits, and nothing has changed since
    bool ended;             // guarded by lock: the thread has ended
    struct upload_queue *queue;
    struct upload_client *client; // used by the thread only
    struct upload_cancel cancel;  // atomic
    char text[600];               // guarded by lock: why the last batch failed
    enum receiver_target_kind kind;
    const struct run_otlp *otlp; // NULL: it is another kind
    int64_t since_ns;            // of the real-time clock: when it began
    struct header_list headers;
    char *url;
    const char *unix_socket; // points into url's block; NULL: none
};

static struct timespec in_ns(uint64_t ns) {
    ns += clock_ns(CLOCK_MONOTONIC);
    return (struct timespec){.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};
}

// ---- The thread ----

// By another protocol than an Agent's.
static void send_body(struct run_sender *sender, struct upload_request *request, struct upload_result *result) {
    struct run_body *body;
    enum upload_error error =
        run_body_make(sender->kind, sender->otlp && sender->otlp->is_plain, sender->since_ns, request, &body, request);
    if (error == UPLOAD_OK) {
        request->is_raw = true;
        request->batch_header_count = 0; // an Agent's
        upload_client_send(sender->client, request, &sender->cancel, result);
    } else {
        *result = (struct upload_result){.error = error};
        snprintf(result->text, sizeof result->text, "%s",
                 error == UPLOAD_BAD_REQUEST ? "no profile of the batch can be read" : upload_error_text(error));
    }
    run_body_free(body);
}

static void deliver(struct run_sender *sender, struct upload_batch *batch) {
    struct upload_request request = {.url = sender->url,
                                     .unix_socket = sender->unix_socket,
                                     .headers = (const char *const *)sender->headers.lines,
                                     .header_count = sender->headers.count,
                                     .total_timeout_ms = sender->otlp ? sender->otlp->timeout_ms : 0,
                                     .certificates = sender->otlp ? sender->otlp->certificates : NULL};
    struct upload_result result;
    upload_batch_fill(batch, &request);
    if (sender->kind == RECEIVER_TARGET_DATADOG) {
        upload_client_send(sender->client, &request, &sender->cancel, &result);
    } else {
        send_body(sender, &request, &result);
    }
    upload_queue_settle(sender->queue, batch, &result);
    if (result.error != UPLOAD_OK && result.error != UPLOAD_CANCELLED) {
        pthread_mutex_lock(&sender->lock);
        upload_result_describe(&result, sender->kind == RECEIVER_TARGET_DATADOG, sender->text, sizeof sender->text);
        pthread_mutex_unlock(&sender->lock);
    }
}

// Waits until the queue may have work. Returns false when no more can come.
static bool wait_for_work(struct run_sender *sender, uint64_t wait_ns) {
    struct timespec until = in_ns(wait_ns < UINT64_MAX / 2 ? wait_ns : 0);
    pthread_mutex_lock(&sender->lock);
    bool goes_on = wait_ns != UINT64_MAX || !sender->closing || sender->changes;
    int error = 0;
    while (goes_on && !sender->changes && error != ETIMEDOUT) {
        sender->rests = true;
        error = wait_ns == UINT64_MAX ? pthread_cond_wait(&sender->changed, &sender->lock)
                                      : pthread_cond_timedwait(&sender->changed, &sender->lock, &until);
    }
    sender->changes = sender->rests = false;
    pthread_mutex_unlock(&sender->lock);
    return goes_on;
}

static void *run(void *context) {
    struct run_sender *sender = context;
    uint64_t wait_ns = 0;
    do {
        struct upload_batch *batch;
        while (__atomic_load_n(&sender->cancel.cancelled, __ATOMIC_ACQUIRE) == 0 && (batch = upload_queue_next(sender->queue, &wait_ns))) {
            deliver(sender, batch);
        }
    } while (__atomic_load_n(&sender->cancel.cancelled, __ATOMIC_ACQUIRE) == 0 && wait_for_work(sender, wait_ns));
    pthread_mutex_lock(&sender->lock);
    sender->ended = true;
    pthread_cond_broadcast(&sender->changed);
    pthread_mutex_unlock(&sender->lock);
    return NULL;
}

// ---- Its owner ----

static bool set_address(struct run_sender *sender, const char *url) {
    if (strncmp(url, "unix://", 7) == 0) {
        // One block holds both: the URL, then the socket's path.
        if (asprintf(&sender->url, "http://localhost%s%c%s", agent_url_input_path, '\0', url + 7) < 0) {
            return false;
        }
        sender->unix_socket = sender->url + strlen(sender->url) + 1;
        return true;
    }
    sender->url = sender->otlp                              ? strdup(sender->otlp->url)
                  : sender->kind == RECEIVER_TARGET_DATADOG ? agent_url_target(url)
                                                            : target_address(sender->kind, url);
    return sender->url;
}

static bool set_headers(struct run_sender *sender) {
    struct header_list *headers = &sender->headers;
    bool ok = target_set_headers(headers, sender->kind, "") &&
              (sender->kind != RECEIVER_TARGET_DATADOG ||
               (headers_set(headers, "DD-EVP-ORIGIN", "cmemprof") && headers_set(headers, "DD-EVP-ORIGIN-VERSION", CMEMPROF_VERSION)));
    if (sender->otlp && sender->otlp->is_plain) {
        headers_drop(headers, "Content-Encoding");
    }
    if (!ok) {
        diagnostic_error("run", headers->variable, "%s", headers->fault);
    }
    return ok;
}

static void free_sender(struct run_sender *sender, struct upload_counts *counts) {
    if (sender->queue) {
        upload_queue_close(sender->queue, counts);
    }
    upload_client_close(sender->client);
    pthread_cond_destroy(&sender->changed);
    pthread_mutex_destroy(&sender->lock);
    headers_free(&sender->headers);
    free(sender->url);
    free(sender);
}

struct run_sender *run_sender_open(enum receiver_target_kind kind, const char *url, const struct run_otlp *otlp, uint64_t period_ns) {
    struct run_sender *sender = calloc(1, sizeof *sender);
    if (!sender) {
        return NULL;
    }
    sender->kind = kind;
    sender->otlp = otlp;
    sender->since_ns = (int64_t)clock_ns(CLOCK_REALTIME);
    const char *spool = getenv("DD_PROFILING_SPOOL_DIR"), *spool_bytes = getenv("DD_PROFILING_SPOOL_MAX_BYTES");
    const struct upload_queue_options options = {
        .period_ns = period_ns,
        .spool = spool && spool[0] != '\0' ? spool : NULL,
        .spool_bytes = spool_bytes ? strtoull(spool_bytes, NULL, 10) : 0,
    };
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&sender->lock, NULL);
    pthread_cond_init(&sender->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sender->client = upload_client_open();
    sender->queue = upload_queue_open(&options);
    if (!sender->client || !sender->queue || !set_address(sender, url) || !set_headers(sender) ||
        pthread_create(&sender->thread, NULL, run, sender) != 0) {
        free_sender(sender, NULL);
        return NULL;
    }
    return sender;
}

static void wake(struct run_sender *sender, bool closing) {
    pthread_mutex_lock(&sender->lock);
    sender->changes = true;
    sender->rests = false;
    sender->closing |= closing;
    pthread_cond_broadcast(&sender->changed);
    pthread_mutex_unlock(&sender->lock);
}

bool run_sender_rests(struct run_sender *sender) {
    pthread_mutex_lock(&sender->lock);
    bool rests = sender->rests;
    pthread_mutex_unlock(&sender->lock);
    return rests;
}

// Those still spooled, unless batches of others were sent.
static void fill_counts(const struct upload_counts *done, struct run_agent_counts *counts) {
    *counts = (struct run_agent_counts){.sent = done->sent,
                                        .spooled = done->spooled > done->spool_sent ? done->spooled - done->spool_sent : 0,
                                        .failed = done->failed + done->dropped + done->spool_dropped};
}

void run_sender_counts(struct run_sender *sender, struct run_agent_counts *counts) {
    struct upload_counts done = {0};
    upload_queue_counts(sender->queue, &done);
    fill_counts(&done, counts);
    pthread_mutex_lock(&sender->lock);
    snprintf(counts->text, sizeof counts->text, "%s", sender->text);
    pthread_mutex_unlock(&sender->lock);
}

bool run_sender_add(struct run_sender *sender, const struct upload_request *request) {
    struct upload_batch *batch = upload_batch_new(request);
    if (!batch) {
        return false;
    }
    upload_queue_add(sender->queue, batch);
    wake(sender, false);
    return true;
}

void run_sender_close(struct run_sender *sender, unsigned limit_s, struct run_agent_counts *counts) {
    struct timespec until = in_ns((uint64_t)limit_s * 1000000000);
    struct upload_counts done = {0};
    upload_queue_finish(sender->queue, (uint64_t)limit_s * 1000000000);
    wake(sender, true);
    pthread_mutex_lock(&sender->lock);
    while (!sender->ended && pthread_cond_timedwait(&sender->changed, &sender->lock, &until) != ETIMEDOUT) {
    }
    pthread_mutex_unlock(&sender->lock);
    upload_cancel_now(&sender->cancel); // a request in flight ends within a second
    wake(sender, true);
    pthread_join(sender->thread, NULL);
    char text[600], spool_error[200];
    upload_queue_empty(sender->queue); // may also report an error of the spool
    snprintf(text, sizeof text, "%s", sender->text[0] != '\0' ? sender->text : "the server does not answer");
    upload_queue_spool_error(sender->queue, spool_error, sizeof spool_error);
    free_sender(sender, &done);
    fill_counts(&done, counts);
    if (counts->failed > 0 && spool_error[0] != '\0') {
        snprintf(counts->text, sizeof counts->text, "%.380s; the spool: %s", text, spool_error);
    } else if (counts->failed + counts->spooled > 0) {
        snprintf(counts->text, sizeof counts->text, "%s", text);
    }
}
