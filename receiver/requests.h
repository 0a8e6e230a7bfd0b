// requests.h: dispatches each request of a receiver, for libmicrohttpd's callbacks.
//
// libmicrohttpd's threads speak HTTP and write what arrives to files. What may take longer (a sync, a search, a profile) runs on other
// threads while its connection is suspended. They store the answer in the connection (http/reply.c) and resume it; libmicrohttpd then calls
// requests_take once more, which sends the answer.
#ifndef CMEMPROF_RECEIVER_REQUESTS_H
#define CMEMPROF_RECEIVER_REQUESTS_H

#include "../merge/merge.h"
#include "http/access_log.h"
#include "http/api.h"
#include "http/connections.h"
#include "http/entrance.h"
#include "http/gate.h"
#include "http/monitor.h"
#include "http/thread_pool.h"
#include "relay/relays.h"
#include "receiver.h"
#include "views/rollup_keeper.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

struct receiver {
    struct MHD_Daemon *daemon;
    struct store *store;
    struct rollup_keeper *rollups;
    struct api api;
    struct entrance entrance;
    struct connections connections;
    struct gate gate;
    struct access_log *access_log; // NULL: none
    struct monitor monitor;
    struct lookout lookout;
    struct relays relays;
    struct thread_pool *light, *heavy;
    struct thread_pool *answering; // of the answerer: who asks much there leaves the other threads to the page
    receiver_answerer *answerer;   // NULL: none
    pthread_t ticker;
    atomic_bool stopping, reloads; // reloads: receiver_reload was called
    bool is_whole;                 // all is started; set before the gate opens
    atomic_uint symbol_uploads;    // in flight
    struct merge_budget protocol_budget, foreign_budget;
    struct merge_budget answer_budget; // of what the answerer decodes
    size_t max_body_bytes, view_memory_bytes;
};

// state: the struct receiver. Called with the headers, then with each piece of the body, then with size 0; once more if it was suspended.
enum MHD_Result requests_take(void *state, struct MHD_Connection *connection, const char *path, const char *method, const char *version,
                              const char *bytes, size_t *size, void **request_state);
void requests_completed(void *state, struct MHD_Connection *connection, void **request_state, enum MHD_RequestTerminationCode code);
void requests_connection(void *state, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code);

#endif
