// webhook.c: sends alerts (webhook.h).
#include "webhook.h"
#include "../../base/clock.h"
#include "../../upload/policy.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { IDLE_MS = 60 * 1000, NOTE_PAUSE_MS = 1000 };
#define PERIOD_NS ((uint64_t)60 * 1000000000) // pauses of upload/policy.h: from 1 s to 30 s

struct webhook {
    struct alerts *alerts;
    const struct receiver_outlet *outlet;
    void (*on_message)(const char *text);
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping, woken; // guarded by lock, as the rest
    uint64_t sent, failures, refused;
    bool is_told;     // of failures in a row the first one
    bool cannot_note; // the same, of the database
};

// Returns false if it is stopping.
static bool rest(struct webhook *webhook, uint64_t ns, bool until_woken) {
    uint64_t at_ns = clock_ns(CLOCK_MONOTONIC) + ns;
    struct timespec at = {.tv_sec = (time_t)(at_ns / 1000000000), .tv_nsec = (long)(at_ns % 1000000000)};
    pthread_mutex_lock(&webhook->lock);
    while (!webhook->stopping && !(until_woken && webhook->woken) && pthread_cond_timedwait(&webhook->wake, &webhook->lock, &at) == 0) {
    }
    webhook->woken = webhook->woken && !until_woken;
    bool goes_on = !webhook->stopping;
    pthread_mutex_unlock(&webhook->lock);
    return goes_on;
}

static void say(struct webhook *webhook, const struct upload_result *result, const char *then) {
    char text[700], line[900];
    if (webhook->on_message) {
        upload_result_describe(result, false, text, sizeof text);
        snprintf(line, sizeof line, "webhook: %.100s: %.600s%s", webhook->outlet->name, text, then);
        webhook->on_message(line);
    }
}

// Returns the pause until the next one: what cannot be noted is sent again after a restart, so there are to be few.
static uint64_t note(struct webhook *webhook, int64_t id) {
    bool ok = alerts_done(webhook->alerts, id);
    if (!ok && !webhook->cannot_note && webhook->on_message) {
        webhook->on_message("webhook: what was sent cannot be noted in alerts.sqlite; it is sent again after a restart");
    }
    webhook->cannot_note = !ok;
    return ok ? 0 : NOTE_PAUSE_MS * (uint64_t)1000000;
}

// The pause until the next attempt; 0: none is needed.
static uint64_t settle(struct webhook *webhook, int64_t id, const struct upload_result *result, unsigned *failures) {
    enum upload_verdict verdict = upload_policy_verdict(result);
    bool sent = verdict == UPLOAD_VERDICT_SENT, refused = verdict == UPLOAD_VERDICT_FINAL;
    if (verdict == UPLOAD_VERDICT_BROKEN_OFF) {
        return 0;
    }
    uint64_t note_pause_ns = sent || refused ? note(webhook, id) : 0;
    pthread_mutex_lock(&webhook->lock);
    webhook->sent += sent;
    webhook->refused += refused;
    webhook->failures += !sent && !refused;
    bool tells = refused || (!sent && !webhook->is_told);
    webhook->is_told = !sent && !refused;
    pthread_mutex_unlock(&webhook->lock);
    if (tells) {
        say(webhook, result, refused ? "; this message is dropped" : "; it is tried again");
    }
    if (sent || refused) {
        *failures = 0;
        return note_pause_ns;
    }
    uint64_t random = 0;
    (void)!getrandom(&random, sizeof random, GRND_NONBLOCK);
    uint64_t asked_ns = result->retry_after_ms * 1000000;
    return asked_ns ? asked_ns : upload_policy_pause_ns(PERIOD_NS, ++*failures, random);
}

static void *run(void *state) {
    struct webhook *webhook = state;
    unsigned failures = 0;
    for (bool goes_on = true; goes_on;) {
        struct alerts_body body;
        if (!alerts_next(webhook->alerts, (int64_t)(clock_ns(CLOCK_REALTIME) / 1000000), &body)) {
            goes_on = rest(webhook, (uint64_t)IDLE_MS * 1000000, true);
            continue;
        }
        struct upload_result result;
        webhook->outlet->send(webhook->outlet->sender, &(struct upload_request){.event = body.json, .event_size = body.size}, &result);
        free(body.json);
        goes_on = rest(webhook, settle(webhook, body.id, &result, &failures), false);
    }
    return NULL;
}

struct webhook *webhook_start(struct alerts *alerts, const struct receiver_outlet *outlet, void (*on_message)(const char *text)) {
    struct webhook *webhook = calloc(1, sizeof *webhook);
    if (!webhook) {
        return NULL;
    }
    webhook->alerts = alerts;
    webhook->outlet = outlet;
    webhook->on_message = on_message;
    pthread_mutex_init(&webhook->lock, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); // the wall clock may be set
    pthread_cond_init(&webhook->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&webhook->thread, NULL, run, webhook) != 0) {
        free(webhook);
        return NULL;
    }
    return webhook;
}

void webhook_wake(struct webhook *webhook) {
    pthread_mutex_lock(&webhook->lock);
    webhook->woken = true;
    pthread_cond_signal(&webhook->wake);
    pthread_mutex_unlock(&webhook->lock);
}

void webhook_stop(struct webhook *webhook) {
    if (!webhook) {
        return;
    }
    pthread_mutex_lock(&webhook->lock);
    webhook->stopping = true;
    pthread_cond_signal(&webhook->wake);
    pthread_mutex_unlock(&webhook->lock);
    webhook->outlet->cancel(webhook->outlet->sender);
    pthread_join(webhook->thread, NULL);
    pthread_cond_destroy(&webhook->wake);
    pthread_mutex_destroy(&webhook->lock);
    free(webhook);
}

void webhook_write(struct webhook *webhook, struct exposition *out) {
    struct alerts_counts counts;
    alerts_count(webhook->alerts, &counts);
    pthread_mutex_lock(&webhook->lock);
    uint64_t sent = webhook->sent, failures = webhook->failures, refused = webhook->refused;
    pthread_mutex_unlock(&webhook->lock);
    const char *messages = "cmemprof_webhook_messages_total";
    exposition_family(out, messages, EXPOSITION_COUNTER,
                      "Messages to the webhook: sent, refused by it, dropped since they were too many or a day old.");
    exposition_sample(out, messages, &(struct exposition_label){"outcome", "sent"}, 1, (double)sent);
    exposition_sample(out, messages, &(struct exposition_label){"outcome", "refused"}, 1, (double)refused);
    exposition_sample(out, messages, &(struct exposition_label){"outcome", "dropped"}, 1, (double)counts.dropped);
    exposition_one(out, "cmemprof_webhook_failures_total", EXPOSITION_COUNTER, "Attempts that failed and are made again.",
                   (double)failures);
    exposition_one(out, "cmemprof_webhook_waiting", EXPOSITION_GAUGE, "Messages that wait.", (double)counts.waiting);
    exposition_one(out, "cmemprof_webhook_findings", EXPOSITION_GAUGE, "Findings that were told of and are not resolved.",
                   (double)counts.known);
    exposition_one(out, "cmemprof_webhook_findings_left_out", EXPOSITION_GAUGE, "Findings beyond the 1000 that are remembered.",
                   (double)counts.left_out);
}
