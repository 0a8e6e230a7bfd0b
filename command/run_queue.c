// run_queue.c: see run_queue.h.
#include "run_queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../receiver/receiver.h"
#include "../upload/upload.h"

enum { QUEUE_BATCHES = 5, TRIES = 3, FIRST_PAUSE_MS = 500 };

struct run_queue {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct run_batch batches[QUEUE_BATCHES]; // guarded by lock, oldest first, as the rest is
    size_t count;
    bool closing;                // nothing comes after what is there
    bool ended;                  // the thread
    struct upload_cancel cancel; // atomic
    struct run_agent_counts done;
    char *url;
    const char *unix_socket; // in url's memory; or NULL
};

static const char input_path[] = "/profiling/v1/input";

static void free_batch(struct run_batch *batch) {
    free(batch->bytes);
    free(batch->event);
}

static struct timespec in_ms(uint64_t ms) {
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time);
    time.tv_sec += (time_t)(ms / 1000);
    time.tv_nsec += (long)(ms % 1000) * 1000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    return time;
}

// The network and 5xx may be better the next time, all else will be the same.
static bool may_pass(const struct upload_result *result) {
    return result->error == UPLOAD_UNREACHABLE || result->error == UPLOAD_TIMEOUT || result->error == UPLOAD_INTERRUPTED ||
           (result->error == UPLOAD_REJECTED && result->status >= 500);
}

static void send_once(struct run_queue *queue, const struct run_batch *batch, struct upload_result *result) {
    static const char *const headers[] = {"DD-EVP-ORIGIN: cmemprof", "DD-EVP-ORIGIN-VERSION: " RECEIVER_VERSION,
                                          "User-Agent: cmemprof/" RECEIVER_VERSION};
    const struct upload_attachment attachment = {batch->name, batch->bytes, batch->size};
    const struct upload_request request = {
        .url = queue->url,
        .unix_socket = queue->unix_socket,
        .headers = headers,
        .header_count = sizeof headers / sizeof *headers,
        .attachments = &attachment,
        .attachment_count = 1,
        .event = batch->event,
        .event_size = batch->event_size,
    };
    upload_send(&request, &queue->cancel, result);
}

// Half a second, then one; no more once nothing follows.
static void pause_before(struct run_queue *queue, int try) {
    struct timespec until = in_ms((uint64_t)FIRST_PAUSE_MS << try);
    pthread_mutex_lock(&queue->lock);
    while (!queue->closing && pthread_cond_timedwait(&queue->changed, &queue->lock, &until) != ETIMEDOUT) {
    }
    pthread_mutex_unlock(&queue->lock);
}

static void deliver(struct run_queue *queue, const struct run_batch *batch) {
    struct upload_result result;
    for (int try = 0;; try++) {
        send_once(queue, batch, &result);
        if (result.error == UPLOAD_OK || try + 1 == TRIES || !may_pass(&result)) {
            break;
        }
        pause_before(queue, try);
    }
    pthread_mutex_lock(&queue->lock);
    if (result.error == UPLOAD_OK) {
        queue->done.sent++;
    } else {
        queue->done.failed++;
        snprintf(queue->done.text, sizeof queue->done.text, "%s: %s", upload_error_text(result.error), result.text);
    }
    pthread_mutex_unlock(&queue->lock);
}

static void *run(void *context) {
    struct run_queue *queue = context;
    pthread_mutex_lock(&queue->lock);
    for (;;) {
        while (queue->count == 0 && !queue->closing) {
            pthread_cond_wait(&queue->changed, &queue->lock);
        }
        if (queue->count == 0) {
            break;
        }
        struct run_batch batch = queue->batches[0];
        memmove(queue->batches, queue->batches + 1, --queue->count * sizeof batch);
        pthread_mutex_unlock(&queue->lock);
        deliver(queue, &batch);
        free_batch(&batch);
        pthread_mutex_lock(&queue->lock);
    }
    queue->ended = true;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

static bool set_address(struct run_queue *queue, const char *url) {
    if (strncmp(url, "unix://", 7) == 0) {
        // Both in one piece of memory: the socket's path behind the URL.
        if (asprintf(&queue->url, "http://localhost%s%c%s", input_path, '\0', url + 7) < 0) {
            return false;
        }
        queue->unix_socket = queue->url + strlen(queue->url) + 1;
        return true;
    }
    const char *scheme_end = strstr(url, "://");
    const char *path = scheme_end != NULL ? strchr(scheme_end + 3, '/') : NULL;
    bool has_path = path != NULL && path[1] != '\0';
    int length = path != NULL && !has_path ? (int)(path - url) : (int)strlen(url);
    return asprintf(&queue->url, "%.*s%s", length, url, has_path ? "" : input_path) >= 0;
}

struct run_queue *run_queue_open(const char *url) {
    struct run_queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL || !set_address(queue, url)) {
        free(queue);
        return NULL;
    }
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->changed, NULL);
    if (pthread_create(&queue->thread, NULL, run, queue) != 0) {
        free(queue->url);
        free(queue);
        return NULL;
    }
    return queue;
}

void run_queue_add(struct run_queue *queue, const struct run_batch *batch) {
    pthread_mutex_lock(&queue->lock);
    if (queue->count == QUEUE_BATCHES) {
        free_batch(&queue->batches[0]);
        memmove(queue->batches, queue->batches + 1, --queue->count * sizeof *batch);
        queue->done.failed++;
        snprintf(queue->done.text, sizeof queue->done.text, "batches are taken more slowly than they are made");
    }
    queue->batches[queue->count++] = *batch;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
}

void run_queue_close(struct run_queue *queue, unsigned limit_s, struct run_agent_counts *counts) {
    struct timespec until = in_ms((uint64_t)limit_s * 1000);
    pthread_mutex_lock(&queue->lock);
    queue->closing = true;
    pthread_cond_broadcast(&queue->changed);
    while (!queue->ended && pthread_cond_timedwait(&queue->changed, &queue->lock, &until) != ETIMEDOUT) {
    }
    // What is left is not sent; the one on its way ends within a second.
    queue->done.failed += queue->ended ? 0 : queue->count;
    while (!queue->ended && queue->count > 0) {
        free_batch(&queue->batches[--queue->count]);
    }
    pthread_mutex_unlock(&queue->lock);
    upload_cancel_now(&queue->cancel);
    pthread_join(queue->thread, NULL);
    *counts = queue->done;
    pthread_mutex_destroy(&queue->lock);
    pthread_cond_destroy(&queue->changed);
    free(queue->url);
    free(queue);
}
