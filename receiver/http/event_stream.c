// event_stream.c: streams of new uploads (event_stream.h).
#include "event_stream.h"
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct event_listener {
    struct event_listener *previous, *next;
    struct event_stream *stream;
    struct MHD_Connection *connection;
    struct selection selection;
    int64_t newest;  // newest matching id not yet sent; 0: none
    int64_t told_ms; // time of the last write; 0: none yet
    bool ping, suspended;
};

void event_stream_init(struct event_stream *stream, struct catalog *catalog) {
    *stream = (struct event_stream){.catalog = catalog};
    pthread_mutex_init(&stream->lock, NULL);
}

void event_stream_destroy(struct event_stream *stream) {
    pthread_mutex_destroy(&stream->lock);
}

// Called when the socket is writable. A comment line (":") keeps the connection alive.
static ssize_t on_fill(void *state, uint64_t position, char *buffer, size_t size) {
    struct event_listener *listener = state;
    struct event_stream *stream = listener->stream;
    ssize_t written = 0;
    pthread_mutex_lock(&stream->lock);
    if (stream->closing) {
        written = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (listener->newest) {
        written = snprintf(buffer, size, "data: {\"id\":%lld}\n\n", (long long)listener->newest);
        listener->newest = 0;
    } else if (listener->ping || position == 0) {
        written = snprintf(buffer, size, ":\n\n");
    } else {
        listener->suspended = true;
        MHD_suspend_connection(listener->connection);
    }
    listener->ping = listener->ping && written == 0;
    pthread_mutex_unlock(&stream->lock);
    return written;
}

static void on_end(void *state) {
    struct event_listener *listener = state;
    struct event_stream *stream = listener->stream;
    pthread_mutex_lock(&stream->lock);
    *(listener->previous ? &listener->previous->next : &stream->first) = listener->next;
    if (listener->next) {
        listener->next->previous = listener->previous;
    }
    stream->count--;
    pthread_mutex_unlock(&stream->lock);
    selection_free(&listener->selection);
    free(listener);
}

static bool add(struct event_stream *stream, struct event_listener *listener) {
    pthread_mutex_lock(&stream->lock);
    bool accepted = stream->count < EVENT_STREAM_MAX_LISTENERS && !stream->closing;
    if (accepted) {
        listener->next = stream->first;
        if (listener->next) {
            listener->next->previous = listener;
        }
        stream->first = listener;
        stream->count++;
    }
    pthread_mutex_unlock(&stream->lock);
    return accepted;
}

enum MHD_Result event_stream_answer(struct event_stream *stream, struct MHD_Connection *connection, struct selection *selection) {
    struct event_listener *listener = calloc(1, sizeof *listener);
    if (!listener) {
        selection_free(selection);
        return reply_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, receiver_error_text(RECEIVER_NO_MEMORY), NULL);
    }
    *listener = (struct event_listener){.stream = stream, .connection = connection, .selection = *selection};
    selection_init(selection);
    if (!add(stream, listener)) {
        selection_free(&listener->selection);
        free(listener);
        return reply_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "64 pages are listening already", NULL);
    }
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 256, on_fill, listener, on_end);
    if (!response) {
        on_end(listener);
    }
    if (response) {
        MHD_add_response_header(response, "X-Accel-Buffering", "no"); // else nginx buffers up to 4 KiB
    }
    return reply_stream(connection, response, "text/event-stream");
}

void event_stream_new(void *state, int64_t id) {
    struct event_stream *stream = state;
    char *tags;
    catalog_tags(stream->catalog, id, &tags); // if they cannot be read, who may want the upload is told
    pthread_mutex_lock(&stream->lock);
    for (struct event_listener *listener = stream->first; listener; listener = listener->next) {
        if (catalog_matches(stream->catalog, id, tags, &listener->selection)) {
            listener->newest = id;
        }
    }
    pthread_mutex_unlock(&stream->lock);
    free(tags);
}

static void resume(struct event_listener *listener) {
    if (listener->suspended) {
        listener->suspended = false;
        MHD_resume_connection(listener->connection);
    }
}

void event_stream_tick(struct event_stream *stream, int64_t now_ms) {
    pthread_mutex_lock(&stream->lock);
    for (struct event_listener *listener = stream->first; listener; listener = listener->next) {
        listener->ping = listener->ping || now_ms - listener->told_ms > EVENT_STREAM_PING_MS;
        if (listener->newest || listener->ping) {
            listener->told_ms = now_ms;
            resume(listener);
        }
    }
    pthread_mutex_unlock(&stream->lock);
}

void event_stream_close(struct event_stream *stream) {
    pthread_mutex_lock(&stream->lock);
    stream->closing = true;
    for (struct event_listener *listener = stream->first; listener; listener = listener->next) {
        resume(listener);
    }
    pthread_mutex_unlock(&stream->lock);
}
