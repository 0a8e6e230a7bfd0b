// relay.c: forwards uploads (relay.h).
#include "relay.h"
#include "../../base/clock.h"
#include "../../merge/merge.h"
#include "../../upload/policy.h"
#include "../index/catalog_after.h"
#include "relay_body.h"
#include "relay_state.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 200, NICENESS = 5, AHEAD_MAX = 1024 };
#define PERIOD_NS ((uint64_t)20 * 1000000000) // pauses of upload/policy.h: from 1 s to 10 s
#define MS ((uint64_t)1000000)

enum outcome { SENT, REFUSED, GIVEN_UP, TOO_OLD, REMOVED, DAMAGED, NOTHING, OUTCOMES };

struct relay {
    struct store *store;
    const struct receiver_target *target;
    int64_t max_age_ms;
    void (*on_message)(const char *text);
    pthread_t thread;
    struct merge_budget budget;
    struct relay_state state;
    unsigned failures;        // in a row
    bool others_were_taken;   // since the last strike
    bool turns;               // it is the turn of one that was put off
    bool probes;              // it is the turn of one behind the cursor, while no more can be put off:
    int64_t probed, again;    // the newest of them that was tried, and the one that was last tried another time; 0: none
    int64_t ahead[AHEAD_MAX]; // those of them that are done, in order; one that does not fit is sent again
    bool is_told;             // of failures in a row the first one
    bool cannot_save;         // the same, of the file
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping; // guarded by lock, as the rest
    uint64_t outcomes[OUTCOMES], retries, bytes;
    int64_t cursor; // of state, for metrics
    size_t put_off, ahead_count;
};

__attribute__((format(printf, 2, 3))) static void say(struct relay *relay, const char *format, ...) {
    char line[900];
    int length = snprintf(line, sizeof line, "forward to %.150s: ", relay->target->outlet.name);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + length, sizeof line - (size_t)length, format, arguments);
    va_end(arguments);
    if (relay->on_message) {
        relay->on_message(line);
    }
}

static int64_t unix_ms(void) {
    return (int64_t)(clock_ns(CLOCK_REALTIME) / 1000000);
}

// Returns false if it is stopping.
static bool rest(struct relay *relay, uint64_t ns) {
    uint64_t at_ns = clock_ns(CLOCK_MONOTONIC) + ns;
    struct timespec at = {.tv_sec = (time_t)(at_ns / 1000000000), .tv_nsec = (long)(at_ns % 1000000000)};
    pthread_mutex_lock(&relay->lock);
    while (ns > 0 && !relay->stopping && pthread_cond_timedwait(&relay->wake, &relay->lock, &at) == 0) {
    }
    bool goes_on = !relay->stopping;
    pthread_mutex_unlock(&relay->lock);
    return goes_on;
}

// ---- What is done ----

static void save(struct relay *relay) {
    bool ok = relay_state_save(&relay->state);
    if (!ok && !relay->cannot_save) { // it goes on: after a restart some are sent again
        say(relay, "its file cannot be written: %s", strerror(errno));
    }
    relay->cannot_save = !ok;
    pthread_mutex_lock(&relay->lock);
    relay->cursor = relay->state.cursor;
    relay->put_off = relay->state.count;
    pthread_mutex_unlock(&relay->lock);
}

static void count(struct relay *relay, enum outcome outcome, uint64_t uploads) {
    pthread_mutex_lock(&relay->lock);
    relay->outcomes[outcome] += uploads;
    pthread_mutex_unlock(&relay->lock);
}

// One of the uploads: the first of those put off, the next behind the cursor, or one behind that.
struct picked {
    int64_t id, received_ms;
    bool is_put_off, is_probe;
};

// The first that is not below.
static size_t ahead_at(const struct relay *relay, int64_t id) {
    size_t at = relay->ahead_count;
    while (at > 0 && relay->ahead[at - 1] >= id) {
        at--;
    }
    return at;
}

static bool ahead_has(const struct relay *relay, int64_t id) {
    size_t at = ahead_at(relay, id);
    return at < relay->ahead_count && relay->ahead[at] == id;
}

static void ahead_add(struct relay *relay, int64_t id) {
    size_t at = ahead_at(relay, id);
    if (relay->ahead_count < AHEAD_MAX) {
        memmove(relay->ahead + at + 1, relay->ahead + at, (relay->ahead_count - at) * sizeof *relay->ahead);
        relay->ahead[at] = id;
        pthread_mutex_lock(&relay->lock);
        relay->ahead_count++;
        pthread_mutex_unlock(&relay->lock);
    }
}

// Forgets those up to the id. Returns how many.
static size_t ahead_remove(struct relay *relay, int64_t id) {
    size_t count = ahead_at(relay, id + 1);
    pthread_mutex_lock(&relay->lock);
    relay->ahead_count -= count;
    pthread_mutex_unlock(&relay->lock);
    memmove(relay->ahead, relay->ahead + count, relay->ahead_count * sizeof *relay->ahead);
    return count;
}

static void done(struct relay *relay, const struct picked *picked, enum outcome outcome) {
    if (picked->is_put_off) {
        relay_state_remove(&relay->state, 0);
    } else if (picked->is_probe) {
        ahead_add(relay, picked->id);
    } else {
        relay->state.cursor = picked->id;
    }
    count(relay, outcome, 1);
    save(relay);
}

// Uploads that retention removed before they were sent. Ids that no upload got count too: there are few.
static void count_removed(struct relay *relay, int64_t next) {
    int64_t removed = next - relay->state.cursor - 1, oldest = catalog_oldest(store_catalog(relay->store));
    if (removed > 0 && next <= oldest) {
        removed -= (int64_t)ahead_remove(relay, next - 1);
        count(relay, REMOVED, (uint64_t)removed);
        say(relay, "%lld uploads were removed from the store before they were sent", (long long)removed);
        relay->state.cursor = next - 1;
        save(relay);
    }
}

// The next behind the cursor, which moves over those that are done already.
static int64_t next_of(struct relay *relay, int64_t *received_ms) {
    for (;;) {
        int64_t next = catalog_after(store_catalog(relay->store), relay->state.cursor, received_ms);
        if (next) {
            count_removed(relay, next);
        }
        if (!next || relay->ahead_count == 0 || relay->ahead[0] > next) {
            return next;
        }
        ahead_remove(relay, next);
        relay->state.cursor = next;
        save(relay);
    }
}

// When no more can be put off, what is behind the cursor is tried without being put off, one upload after the other: that the target takes
// one of them tells that it is those put off that it fails at. New ones first.
static struct picked pick_probe(struct relay *relay, int64_t next, int64_t received_ms) {
    struct catalog *catalog = store_catalog(relay->store);
    int64_t id = relay->probed < next ? next : catalog_after(catalog, relay->probed, &received_ms);
    if (id) {
        relay->probed = id;
    } else if (relay->ahead_count < AHEAD_MAX) {
        for (id = relay->again; (id = catalog_after(catalog, id, &received_ms)) && ahead_has(relay, id);) {
        }
        relay->again = id;
    }
    return (struct picked){id, received_ms, .is_probe = true};
}

static bool pick(struct relay *relay, struct picked *picked) {
    int64_t received_ms, next = next_of(relay, &received_ms);
    bool some = relay->state.count > 0, full = relay->state.count == RELAY_PUT_OFF;
    relay->again = relay->again < relay->state.cursor ? relay->state.cursor : relay->again;
    *picked = (struct picked){next, received_ms, .is_probe = false};
    if (full && next && relay->probes && !relay->turns) {
        *picked = pick_probe(relay, next, received_ms);
    }
    bool probes = picked->is_probe && picked->id;
    if (some && !probes && (relay->turns || !next || full)) {
        int64_t id = relay->state.put_off[0].id;
        if (catalog_after(store_catalog(relay->store), id - 1, &received_ms) != id) {
            received_ms = unix_ms(); // it was removed, which its body will tell
        }
        *picked = (struct picked){id, received_ms, .is_put_off = true};
    }
    relay->turns = false;
    relay->probes = !probes;
    return picked->id;
}

// ---- Failures ----

static uint64_t pause_of(struct relay *relay, const struct upload_result *result) {
    uint64_t random = 0, asked_ns = result->retry_after_ms * MS;
    (void)!getrandom(&random, sizeof random, GRND_NONBLOCK);
    uint64_t pause_ns = upload_policy_pause_ns(PERIOD_NS, ++relay->failures, random);
    return asked_ns > pause_ns ? asked_ns : pause_ns;
}

static void tell_failure(struct relay *relay, const struct upload_result *result) {
    char text[700];
    pthread_mutex_lock(&relay->lock);
    relay->retries++;
    pthread_mutex_unlock(&relay->lock);
    if (!relay->is_told) {
        upload_result_describe(result, relay->target->kind == RECEIVER_TARGET_DATADOG, text, sizeof text);
        say(relay, "%.600s; uploads wait and are sent later", text);
    }
    relay->is_told = true;
}

// The target may have failed because of this upload: others are tried.
static void strike(struct relay *relay, const struct picked *picked) {
    if (picked->is_probe) { // it is put off when there is room
        return;
    }
    uint64_t strikes = picked->is_put_off ? relay->state.put_off[0].strikes : 0;
    strikes += relay->others_were_taken || strikes == 0;
    relay->others_were_taken = false;
    if (strikes >= RELAY_STRIKES) {
        say(relay, "upload %lld is given up: it fails again and again, and others are taken", (long long)picked->id);
        done(relay, picked, GIVEN_UP);
        return;
    }
    if (picked->is_put_off) {
        relay_state_remove(&relay->state, 0);
        relay_state_put_off(&relay->state, picked->id, strikes);
        save(relay);
    } else if (relay_state_put_off(&relay->state, picked->id, strikes)) {
        relay->state.cursor = picked->id;
        save(relay);
    }
}

static void tell_refusal(struct relay *relay, const struct picked *picked, const struct upload_result *result) {
    char text[700];
    upload_result_describe(result, false, text, sizeof text);
    say(relay, "upload %lld is given up: %.600s", (long long)picked->id, text);
}

// Returns the pause.
static uint64_t settle(struct relay *relay, const struct picked *picked, const struct upload_result *result, uint64_t bytes) {
    bool is_here = result->error == UPLOAD_NO_MEMORY; // the process that sends died of it, maybe: this upload need not hold up others
    switch (is_here ? UPLOAD_VERDICT_FAILED_AT : upload_policy_verdict(result)) {
    case UPLOAD_VERDICT_SENT:
        if (relay->is_told) {
            say(relay, "uploads are taken again");
        }
        relay->is_told = false;
        relay->failures = 0;
        relay->others_were_taken = relay->turns = true;
        pthread_mutex_lock(&relay->lock);
        relay->bytes += bytes;
        pthread_mutex_unlock(&relay->lock);
        done(relay, picked, SENT);
        return 0;
    case UPLOAD_VERDICT_FINAL:
        tell_refusal(relay, picked, result);
        relay->failures = 0;
        done(relay, picked, REFUSED);
        return 0;
    case UPLOAD_VERDICT_FAILED_AT:
        tell_failure(relay, result);
        strike(relay, picked);
        return pause_of(relay, result);
    case UPLOAD_VERDICT_BROKEN_OFF:
        return 0;
    default: // UPLOAD_VERDICT_AWAY, UPLOAD_VERDICT_NOT_HERE
        tell_failure(relay, result);
        return pause_of(relay, result);
    }
}

// ---- One upload ----

static uint64_t send_one(struct relay *relay, const struct picked *picked) {
    struct relay_body *body;
    struct upload_request request;
    struct upload_result result = {0};
    char text[300];
    struct merge_budget *before = merge_use_budget(&relay->budget);
    enum receiver_error error = relay_body_make(relay->store, relay->target->kind, picked->id, &body, &request, text, sizeof text);
    uint64_t pause_ns = 0;
    if (*text) {
        say(relay, "%s", text);
    }
    if (error == RECEIVER_OK && !request.event) {
        done(relay, picked, NOTHING);
    } else if (error == RECEIVER_OK) {
        relay->target->outlet.send(relay->target->outlet.sender, &request, &result);
        pause_ns = settle(relay, picked, &result, relay_body_bytes(body));
    } else if (error == RECEIVER_NOT_FOUND) {
        done(relay, picked, REMOVED);
    } else if (error == RECEIVER_DAMAGED || error == RECEIVER_BAD_UPLOAD || error == RECEIVER_TOO_LARGE) {
        done(relay, picked, DAMAGED);
    } else {
        result.error = UPLOAD_NO_MEMORY;
        snprintf(result.text, sizeof result.text, "it cannot be read: %s", receiver_error_text(error));
        pause_ns = settle(relay, picked, &result, 0);
    }
    relay_body_free(body);
    merge_use_budget(before);
    return pause_ns;
}

static void *run(void *state) {
    struct relay *relay = state;
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICENESS); // on Linux each thread has its own
    for (uint64_t pause_ns = 0; rest(relay, pause_ns);) {
        struct picked picked;
        if (!pick(relay, &picked)) {
            pause_ns = LOOK_MS * MS;
        } else if (relay->max_age_ms && unix_ms() - picked.received_ms > relay->max_age_ms) {
            done(relay, &picked, TOO_OLD);
            pause_ns = 0;
        } else {
            pause_ns = send_one(relay, &picked);
        }
    }
    return NULL;
}

// ---- Start and stop ----

static bool begin(struct relay *relay, const char *directory, char *text, size_t text_size) {
    struct relay_state *state = &relay->state;
    const struct receiver_target *target = relay->target;
    if (!store_relay_id(relay->store) || (target->former_key && !relay_state_inherit(directory, target->key, target->former_key)) ||
        !relay_state_open(state, directory, target->key, target->outlet.name)) {
        snprintf(text, text_size, "%s: the file of what was forwarded: %s", directory, strerror(errno));
        return false;
    }
    struct catalog *catalog = store_catalog(relay->store);
    int64_t came_ms, last = catalog_last_id(catalog), oldest = catalog_after(catalog, 0, &came_ms);
    bool is_beyond = state->cursor > last && last > 0; // it belongs to another store, or the index was made anew
    if (state->is_new) {
        state->cursor = catalog_newest(catalog);
    }
    if (state->is_damaged || is_beyond) {
        say(relay, "its file %s: all stored uploads are sent again", is_beyond ? "names later uploads than there are" : "is damaged");
        state->cursor = oldest > 0 ? oldest - 1 : 0;
        state->count = 0;
    }
    save(relay);
    if (state->is_new && !relay->cannot_save && !relay_state_sync(state, directory)) {
        say(relay, "its file cannot be synced: %s", strerror(errno));
    }
    return true;
}

static void relay_free(struct relay *relay) {
    relay_state_close(&relay->state);
    pthread_cond_destroy(&relay->wake);
    pthread_mutex_destroy(&relay->lock);
    free(relay);
}

struct relay *relay_start(struct store *store, const char *directory, const struct receiver_target *target, int64_t max_age_ms,
                          void (*on_message)(const char *text), char *text, size_t text_size) {
    struct relay *relay = calloc(1, sizeof *relay);
    if (!relay) {
        snprintf(text, text_size, "%s", receiver_error_text(RECEIVER_NO_MEMORY));
        return NULL;
    }
    relay->store = store;
    relay->target = target;
    relay->max_age_ms = max_age_ms;
    relay->on_message = on_message;
    relay->budget.limit_bytes = RELAY_BYTES;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); // the wall clock may be set
    pthread_mutex_init(&relay->lock, NULL);
    pthread_cond_init(&relay->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    bool ok = begin(relay, directory, text, text_size);
    if (ok && pthread_create(&relay->thread, NULL, run, relay) != 0) {
        snprintf(text, text_size, "a thread that forwards cannot start");
        ok = false;
    }
    if (!ok) {
        relay_free(relay);
        return NULL;
    }
    return relay;
}

void relay_stop(struct relay *relay) {
    if (!relay) {
        return;
    }
    pthread_mutex_lock(&relay->lock);
    relay->stopping = true;
    pthread_cond_signal(&relay->wake);
    pthread_mutex_unlock(&relay->lock);
    relay->target->outlet.cancel(relay->target->outlet.sender);
    pthread_join(relay->thread, NULL);
    relay_free(relay);
}

// ---- Metrics ----

static void write_gauge(struct relay *const *relays, size_t count, struct exposition *out, const char *name, const char *help,
                        bool of_age) {
    exposition_family(out, name, EXPOSITION_GAUGE, help);
    for (size_t i = 0; i < count; i++) {
        struct relay *relay = relays[i];
        struct catalog *catalog = store_catalog(relay->store);
        int64_t oldest_ms;
        pthread_mutex_lock(&relay->lock);
        int64_t cursor = relay->cursor;
        size_t put_off = relay->put_off, ahead = relay->ahead_count;
        pthread_mutex_unlock(&relay->lock);
        catalog_after(catalog, cursor, &oldest_ms);
        size_t stored = catalog_count_after(catalog, cursor), behind = stored > ahead ? stored - ahead : 0;
        double value = of_age ? (double)oldest_ms / 1000 : (double)(behind + put_off);
        exposition_sample(out, name, &(struct exposition_label){"target", relay->target->outlet.name}, 1, value);
    }
}

void relay_write(struct relay *const *relays, size_t count, struct exposition *out) {
    static const char *const names[] = {"sent", "refused", "given_up", "too_old", "removed", "damaged", "nothing_to_send"};
    const char *uploads = "cmemprof_forward_uploads_total";
    exposition_family(out, uploads, EXPOSITION_COUNTER, "Uploads that are done, by what became of them.");
    for (size_t i = 0; i < count; i++) {
        pthread_mutex_lock(&relays[i]->lock);
        for (int outcome = 0; outcome < OUTCOMES; outcome++) {
            const struct exposition_label labels[] = {{"target", relays[i]->target->outlet.name}, {"outcome", names[outcome]}};
            exposition_sample(out, uploads, labels, 2, (double)relays[i]->outcomes[outcome]);
        }
        pthread_mutex_unlock(&relays[i]->lock);
    }
    static const char *const totals[][2] = {{"cmemprof_forward_retries_total", "Attempts that failed and are made again."},
                                            {"cmemprof_forward_bytes_total", "Bytes of the uploads sent."}};
    for (int which = 0; which < 2; which++) {
        exposition_family(out, totals[which][0], EXPOSITION_COUNTER, totals[which][1]);
        for (size_t i = 0; i < count; i++) {
            pthread_mutex_lock(&relays[i]->lock);
            double value = (double)(which == 0 ? relays[i]->retries : relays[i]->bytes);
            pthread_mutex_unlock(&relays[i]->lock);
            exposition_sample(out, totals[which][0], &(struct exposition_label){"target", relays[i]->target->outlet.name}, 1, value);
        }
    }
    const char *restarts = "cmemprof_forward_process_restarts_total";
    exposition_family(out, restarts, EXPOSITION_COUNTER, "Processes that send and were started again.");
    for (size_t i = 0; i < count; i++) {
        const struct receiver_outlet *outlet = &relays[i]->target->outlet;
        double value = outlet->restarts ? (double)outlet->restarts(outlet->sender) : 0;
        exposition_sample(out, restarts, &(struct exposition_label){"target", outlet->name}, 1, value);
    }
    write_gauge(relays, count, out, "cmemprof_forward_backlog_uploads", "Uploads that are yet to be sent.", false);
    write_gauge(relays, count, out, "cmemprof_forward_oldest_timestamp_seconds",
                "When the oldest of these arrived, without those that were put off; 0: there is none.", true);
}
