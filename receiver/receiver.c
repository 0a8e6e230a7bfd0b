// receiver.c: starts and stops the receiver (receiver.h).
#include "receiver.h"
#include "requests.h"
#include "store/storage.h"
#include "store/symbol_upload.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    DEFAULT_BODY_BYTES = 64 << 20,
    DEFAULT_VIEW_BYTES = 1 << 30,
    DEFAULT_INDEX_BYTES = 1 << 30,
    FOREIGN_BYTES = 512 << 20,  // of all files of other tools that are read at once: inflated, and their profiles
    PROTOCOL_BYTES = 256 << 20, // of all requests in other protocols that are read at once: their bodies and profiles
    HTTP_THREADS = 2,
    LIGHT_THREADS = 2,
    HEAVY_THREADS = 2,
    IDLE_SECONDS = 30, // closes an idle connection
    ANSWERING_THREADS = 2,
    TLS_LOOK_TICKS = 1000 / EVENT_STREAM_TICK_MS, // a second between looks at the certificate's files
    LAST_ANSWERS_MS = 1000,
};

// Silences libmicrohttpd, which logs to stderr otherwise. Clients are told of their errors.
static void on_log(void *state, const char *format, va_list arguments) {
    (void)state, (void)format, (void)arguments;
}

static void *tick(void *state) {
    struct receiver *receiver = state;
    unsigned ticks = 0;
    while (!atomic_load(&receiver->stopping)) {
        nanosleep(&(struct timespec){.tv_nsec = EVENT_STREAM_TICK_MS * 1000000L}, NULL);
        int64_t now_ms = connections_now_ms();
        event_stream_tick(&receiver->api.event_stream, now_ms);
        connections_expire(&receiver->connections, now_ms);
        storage_tick(receiver->store, now_ms);
        bool reloads = atomic_exchange(&receiver->reloads, false);
        if (receiver->access_log && reloads) {
            access_log_reopen(receiver->access_log);
        }
        if (receiver->entrance.tls && (reloads || ++ticks % TLS_LOOK_TICKS == 0)) {
            tls_look(receiver->entrance.tls, reloads);
        }
    }
    return NULL;
}

static int no_certificate(gnutls_session_t session, const struct gnutls_cert_retr_st *info, gnutls_pcert_st **certificates, unsigned *count,
                          gnutls_ocsp_data_st **ocsp, unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags) {
    (void)session, (void)info, (void)certificates, (void)count, (void)ocsp, (void)ocsp_count, (void)key, (void)flags;
    return -1; // there was no memory for the connection's own
}

// poll, not epoll: with epoll, libmicrohttpd 0.9.75 misses the end of a connection that directly follows its last bytes, and keeps it for
// IDLE_SECONDS.
static bool start_daemon(struct receiver *receiver) {
    bool has_tls = receiver->entrance.tls;
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (has_tls ? MHD_USE_TLS : 0);
    // Each connection gets its certificate when it begins (requests_connection); libmicrohttpd wants to be told of one before.
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
                                   {MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, (void *)no_certificate},
                                   {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    unsigned limit = connections_possible();
    connections_init(&receiver->connections, limit);
    // The logger comes first: options before it may log to stderr.
    receiver->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, requests_take, receiver, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET,
        receiver->entrance.listener.socket, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)HTTP_THREADS, MHD_OPTION_CONNECTION_LIMIT, limit,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS, MHD_OPTION_NOTIFY_COMPLETED, requests_completed, receiver,
        MHD_OPTION_NOTIFY_CONNECTION, requests_connection, receiver, MHD_OPTION_ARRAY, has_tls ? tls : none, MHD_OPTION_END);
    return receiver->daemon;
}

// What was started; some of it may be missing.
static void stop_all(struct receiver *receiver) {
    // New clients would prolong the wait for the last answers. libmicrohttpd leaves the socket alone then, which it would shut down at its
    // end, also where others listen on it too: who connects to one that was passed waits for the next receiver.
    if (receiver->daemon) {
        MHD_quiesce_daemon(receiver->daemon);
    }
    atomic_store(&receiver->monitor.phase, MONITOR_STOPS);
    if (receiver->store) {
        api_stop(&receiver->api);
    }
    atomic_store(&receiver->stopping, true);
    merge_budget_stop(&receiver->foreign_budget);
    merge_budget_stop(&receiver->protocol_budget);
    merge_budget_stop(&receiver->answer_budget);
    rollup_keeper_stop(receiver->rollups);
    if (receiver->ticker) {
        pthread_join(receiver->ticker, NULL);
    }
    // All suspended connections are resumed before the daemon may end: those that wait for the start, for the thread pool, for group
    // commit, and streams.
    gate_open(&receiver->gate);
    thread_pool_stop(receiver->light);
    thread_pool_stop(receiver->heavy);
    thread_pool_stop(receiver->answering);
    lookout_stop(&receiver->lookout); // a scrape on the pool may have read it until now, and them
    relays_stop(&receiver->relays);
    if (receiver->store) {
        event_stream_close(&receiver->api.event_stream);
        store_stop(receiver->store);
    }
    if (receiver->daemon) {
        connections_wait_for_answers(&receiver->connections, LAST_ANSWERS_MS);
        MHD_stop_daemon(receiver->daemon);
        connections_destroy(&receiver->connections);
    }
    access_log_close(receiver->access_log);
    gate_destroy(&receiver->gate);
    thread_pool_free(receiver->light);
    thread_pool_free(receiver->heavy);
    thread_pool_free(receiver->answering);
    if (receiver->store) {
        api_destroy(&receiver->api);
    }
    entrance_close(&receiver->entrance);
    store_close(receiver->store);
    free(receiver);
}

static void set_monitor(struct receiver *receiver) {
    struct monitor *monitor = &receiver->monitor;
    monitor->store = receiver->store;
    monitor->lookout = receiver->api.lookout = &receiver->lookout;
    monitor->relays = &receiver->relays;
    monitor->connections = &receiver->connections;
    monitor->light = receiver->light;
    monitor->heavy = receiver->heavy;
    monitor->answering = receiver->answering;
    monitor->answers = &receiver->answer_budget;
    monitor->views = &receiver->api.views.slots;
    monitor->tls = receiver->entrance.tls;
}

// With the store open; the gate is shut.
static bool start_all(struct receiver *receiver, const struct receiver_options *options) {
    receiver->light = thread_pool_start(LIGHT_THREADS);
    receiver->heavy = thread_pool_start(HEAVY_THREADS);
    receiver->answerer = options->answerer;
    receiver->answering = options->answerer ? thread_pool_start(ANSWERING_THREADS) : NULL;
    receiver->rollups = rollup_keeper_start(receiver->store);
    bool ok = receiver->light && receiver->heavy && (receiver->answering || !options->answerer) && receiver->rollups &&
              lookout_start(&receiver->lookout, receiver->store, options, receiver->entrance.listener.url) &&
              pthread_create(&receiver->ticker, NULL, tick, receiver) == 0;
    if (!ok) {
        return false;
    }
    set_monitor(receiver);
    receiver->is_whole = true;
    atomic_store(&receiver->monitor.phase, MONITOR_RUNS);
    gate_open(&receiver->gate);
    return true;
}

static enum receiver_error open_and_start(struct receiver *receiver, const struct receiver_options *options, char *text, size_t text_size) {
    size_t index_bytes = options->index_memory_bytes ? options->index_memory_bytes : DEFAULT_INDEX_BYTES;
    const struct store_options store = {options->data_directory, options->retention_ms, options->retention_bytes, index_bytes,
                                        options->pack_after_ms,  options->symbols};
    if (options->symbols) {
        symbol_upload_clean(options->symbols);
    }
    receiver->monitor.limits = store;
    enum receiver_error error = store_open(&store, &receiver->store, text, text_size);
    if (error == RECEIVER_OK) {
        api_init(&receiver->api, receiver->store, receiver->view_memory_bytes);
        receiver->api.views.pairs = options->pairs;
        receiver->api.views.code = options->code;
        receiver->api.sources = options->sources;
    }
    if (error == RECEIVER_OK && !relays_start(&receiver->relays, receiver->store, options, text, text_size)) {
        return RECEIVER_BAD_DIRECTORY;
    }
    if (error == RECEIVER_OK && !start_all(receiver, options)) {
        snprintf(text, text_size, "the receiver's threads cannot start");
        return RECEIVER_CANNOT_LISTEN;
    }
    return error;
}

enum receiver_error receiver_start(const struct receiver_options *options, struct receiver **out, char *text, size_t text_size) {
    char ignored[1];
    text = text ? text : ignored;
    text_size = text_size ? text_size : sizeof ignored;
    snprintf(text, text_size, "%s", receiver_error_text(RECEIVER_NO_MEMORY));
    struct receiver *receiver = calloc(1, sizeof *receiver);
    if (!receiver) {
        return RECEIVER_NO_MEMORY;
    }
    receiver->max_body_bytes = options->max_body_bytes ? options->max_body_bytes : DEFAULT_BODY_BYTES;
    receiver->protocol_budget.limit_bytes = PROTOCOL_BYTES;
    receiver->foreign_budget.limit_bytes = FOREIGN_BYTES;
    receiver->view_memory_bytes = options->view_memory_bytes ? options->view_memory_bytes : DEFAULT_VIEW_BYTES;
    receiver->answer_budget.limit_bytes = receiver->view_memory_bytes;
    enum receiver_error error = entrance_open(&receiver->entrance, options, text, text_size);
    if (error != RECEIVER_OK) {
        free(receiver);
        return error;
    }
    gate_init(&receiver->gate);
    receiver->access_log = options->access_log ? access_log_open(options->access_log, options->on_message) : NULL;
    if (options->access_log && !receiver->access_log) {
        snprintf(text, text_size, "%.300s: %s", options->access_log, strerror(errno));
        error = RECEIVER_IO;
    } else if (!start_daemon(receiver)) {
        snprintf(text, text_size, "the HTTP server cannot start");
        error = RECEIVER_CANNOT_LISTEN;
    } else {
        error = open_and_start(receiver, options, text, text_size);
    }
    if (error != RECEIVER_OK) {
        stop_all(receiver);
        return error;
    }
    *out = receiver;
    return RECEIVER_OK;
}

bool receiver_reload(struct receiver *receiver) {
    atomic_store(&receiver->reloads, true);
    return receiver->entrance.tls || receiver->access_log;
}

void receiver_stop(struct receiver *receiver) {
    if (receiver) {
        stop_all(receiver);
    }
}

void receiver_make_directory(const char *data_directory) {
    store_make_directories(data_directory);
}
uint16_t receiver_port(const struct receiver *receiver) {
    return receiver->entrance.listener.port;
}
const char *receiver_url(const struct receiver *receiver) {
    return receiver->entrance.listener.url;
}
const char *receiver_note(const struct receiver *receiver) {
    return store_note(receiver->store);
}
