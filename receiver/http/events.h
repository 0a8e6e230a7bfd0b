// events.h: tells pages about new uploads as they come: GET /api/events, a stream of server-sent events.
//
// A listener that has nothing to hear is a suspended connection and costs no thread. Uploads that come within one tick are told as one
// event, with the newest id. Threads: any; one lock. Memory: malloc, a listener each.
#ifndef CMEMPROF_RECEIVER_EVENTS_H
#define CMEMPROF_RECEIVER_EVENTS_H

#include "../index/catalog.h"

#include <microhttpd.h>
#include <pthread.h>

enum { EVENTS_MAX_LISTENERS = 64, EVENTS_TICK_MS = 250, EVENTS_PING_MS = 15 * 1000 };

struct events {
    struct catalog *catalog;
    pthread_mutex_t lock;
    struct listener_to_events *first; // guarded by lock, as the rest
    size_t count;
    bool closing;
};
void events_init(struct events *events, struct catalog *catalog);
void events_destroy(struct events *events); // when no connection is left
// Begins a stream; takes the selection.
enum MHD_Result events_answer(struct events *events, struct MHD_Connection *connection, struct selection *selection);
void events_new(void *events, int64_t id);               // an upload was committed
void events_tick(struct events *events, int64_t now_ms); // every EVENTS_TICK_MS: hands out what is new
void events_close(struct events *events);                // ends all streams; no others are begun

#endif
