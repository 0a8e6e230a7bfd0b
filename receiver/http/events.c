// events.c: streams of new uploads (events.h).
#include "events.h"
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct listener_to_events {
    struct listener_to_events *previous, *next;
    struct events *events;
    struct MHD_Connection *connection;
    struct selection selection;
    int64_t newest;  // matching id that was not told yet; 0: none
    int64_t told_ms; // when something was written last; 0: nothing yet
    bool ping, suspended;
};

void events_init(struct events *events, struct catalog *catalog) {
    *events = (struct events){.catalog = catalog};
    pthread_mutex_init(&events->lock, NULL);
}

void events_destroy(struct events *events) {
    pthread_mutex_destroy(&events->lock);
}

// Called when there is room to write. A comment line (":") keeps the connection known to be alive.
static ssize_t on_room(void *state, uint64_t position, char *room, size_t size) {
    struct listener_to_events *listener = state;
    struct events *events = listener->events;
    ssize_t written = 0;
    pthread_mutex_lock(&events->lock);
    if (events->closing) {
        written = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (listener->newest) {
        written = snprintf(room, size, "data: {\"id\":%lld}\n\n", (long long)listener->newest);
        listener->newest = 0;
    } else if (listener->ping || position == 0) {
        written = snprintf(room, size, ":\n\n");
    } else {
        listener->suspended = true;
        MHD_suspend_connection(listener->connection);
    }
    listener->ping = listener->ping && written == 0;
    pthread_mutex_unlock(&events->lock);
    return written;
}

static void on_end(void *state) {
    struct listener_to_events *listener = state;
    struct events *events = listener->events;
    pthread_mutex_lock(&events->lock);
    *(listener->previous ? &listener->previous->next : &events->first) = listener->next;
    if (listener->next) {
        listener->next->previous = listener->previous;
    }
    events->count--;
    pthread_mutex_unlock(&events->lock);
    selection_free(&listener->selection);
    free(listener);
}

static bool add(struct events *events, struct listener_to_events *listener) {
    pthread_mutex_lock(&events->lock);
    bool room = events->count < EVENTS_MAX_LISTENERS && !events->closing;
    if (room) {
        listener->next = events->first;
        if (listener->next) {
            listener->next->previous = listener;
        }
        events->first = listener;
        events->count++;
    }
    pthread_mutex_unlock(&events->lock);
    return room;
}

enum MHD_Result events_answer(struct events *events, struct MHD_Connection *connection, struct selection *selection) {
    struct listener_to_events *listener = calloc(1, sizeof *listener);
    if (!listener) {
        selection_free(selection);
        return reply_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, receiver_error_text(RECEIVER_NO_MEMORY), NULL);
    }
    *listener = (struct listener_to_events){.events = events, .connection = connection, .selection = *selection};
    selection_init(selection);
    if (!add(events, listener)) {
        selection_free(&listener->selection);
        free(listener);
        return reply_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "64 pages are listening already", NULL);
    }
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 256, on_room, listener, on_end);
    if (!response) {
        on_end(listener);
    }
    if (response) {
        MHD_add_response_header(response, "X-Accel-Buffering", "no"); // else nginx keeps what is told until 4 KiB have come together
    }
    return reply_stream(connection, response, "text/event-stream");
}

void events_new(void *state, int64_t id) {
    struct events *events = state;
    pthread_mutex_lock(&events->lock);
    for (struct listener_to_events *listener = events->first; listener; listener = listener->next) {
        if (catalog_matches(events->catalog, id, &listener->selection)) {
            listener->newest = id;
        }
    }
    pthread_mutex_unlock(&events->lock);
}

static void resume(struct listener_to_events *listener) {
    if (listener->suspended) {
        listener->suspended = false;
        MHD_resume_connection(listener->connection);
    }
}

void events_tick(struct events *events, int64_t now_ms) {
    pthread_mutex_lock(&events->lock);
    for (struct listener_to_events *listener = events->first; listener; listener = listener->next) {
        listener->ping = listener->ping || now_ms - listener->told_ms > EVENTS_PING_MS;
        if (listener->newest || listener->ping) {
            listener->told_ms = now_ms;
            resume(listener);
        }
    }
    pthread_mutex_unlock(&events->lock);
}

void events_close(struct events *events) {
    pthread_mutex_lock(&events->lock);
    events->closing = true;
    for (struct listener_to_events *listener = events->first; listener; listener = listener->next) {
        resume(listener);
    }
    pthread_mutex_unlock(&events->lock);
}
