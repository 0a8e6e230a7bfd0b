// event_stream.h: notifies pages of new uploads: GET /api/events, a stream of server-sent events.
//
// An idle listener is a suspended connection and takes no thread. Uploads within one tick are sent as one event, with the newest id.
//
// Threads: any; one lock. Memory: malloc, per listener.
#ifndef CMEMPROF_RECEIVER_EVENT_STREAM_H
#define CMEMPROF_RECEIVER_EVENT_STREAM_H

#include "../index/catalog.h"

#include <microhttpd.h>
#include <pthread.h>

enum { EVENT_STREAM_MAX_LISTENERS = 64, EVENT_STREAM_TICK_MS = 250, EVENT_STREAM_PING_MS = 15 * 1000 };

struct event_stream {
    struct catalog *catalog;
    pthread_mutex_t lock;
    struct event_listener *first; // guarded by lock, as the rest
    size_t count;
    bool closing;
};
void event_stream_init(struct event_stream *stream, struct catalog *catalog);
void event_stream_destroy(struct event_stream *stream); // after the last connection
// Begins a stream; takes the selection.
enum MHD_Result event_stream_answer(struct event_stream *stream, struct MHD_Connection *connection, struct selection *selection);
void event_stream_new(void *stream, int64_t id);                     // an upload was committed
void event_stream_tick(struct event_stream *stream, int64_t now_ms); // every EVENT_STREAM_TICK_MS: sends what is new
void event_stream_close(struct event_stream *stream);                // ends all streams and refuses new ones

#endif
