// connections.c: the list of connections and their deadlines (connections.h).
#include "connections.h"
#include "../../base/clock.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

int64_t connections_now_ms(void) {
    return (int64_t)(clock_ns(CLOCK_MONOTONIC) / 1000000);
}

void connections_init(struct connections *connections, size_t max) {
    *connections = (struct connections){.max = max};
    pthread_mutex_init(&connections->lock, NULL);
}

void connections_destroy(struct connections *connections) {
    while (connections->first) {
        connections_remove(connections, connections->first);
    }
    pthread_mutex_destroy(&connections->lock);
}

struct connection *connections_add(struct connections *connections, int socket, int64_t now_ms) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection) {
        connection->list = connections;
        connection->socket = socket;
        connection->since_ms = now_ms;
        pthread_mutex_lock(&connections->lock);
        connection->next = connections->first;
        if (connection->next) {
            connection->next->previous = connection;
        }
        connections->first = connection;
        connections->count++;
        pthread_mutex_unlock(&connections->lock);
    }
    return connection;
}

void connections_remove(struct connections *connections, struct connection *connection) {
    if (!connection) {
        return;
    }
    pthread_mutex_lock(&connections->lock);
    *(connection->previous ? &connection->previous->next : &connections->first) = connection->next;
    if (connection->next) {
        connection->next->previous = connection->previous;
    }
    connections->count--;
    pthread_mutex_unlock(&connections->lock);
    if (connection->response) {
        MHD_destroy_response(connection->response);
    }
    free(connection);
}

bool connections_take(struct connections *connections, size_t bytes) {
    pthread_mutex_lock(&connections->lock);
    size_t taken = connections->answer_bytes;
    bool fits = taken == 0 || (bytes <= CONNECTION_ANSWERS_BYTES && taken <= CONNECTION_ANSWERS_BYTES - bytes);
    connections->answer_bytes += fits ? bytes : 0;
    pthread_mutex_unlock(&connections->lock);
    return fits;
}

void connections_give_back(struct connections *connections, size_t bytes) {
    pthread_mutex_lock(&connections->lock);
    connections->answer_bytes -= bytes;
    pthread_mutex_unlock(&connections->lock);
}

void connections_enter(struct connections *connections, struct connection *connection, enum connection_phase phase, int64_t now_ms) {
    if (connection) {
        pthread_mutex_lock(&connections->lock);
        connection->phase = phase;
        connection->since_ms = now_ms;
        connection->body_bytes = 0;
        pthread_mutex_unlock(&connections->lock);
    }
}

void connections_received(struct connections *connections, struct connection *connection, size_t bytes) {
    if (connection) {
        pthread_mutex_lock(&connections->lock);
        connection->body_bytes += bytes;
        pthread_mutex_unlock(&connections->lock);
    }
}

static bool is_overdue(const struct connections *connections, const struct connection *connection, int64_t now_ms) {
    int64_t ms = now_ms - connection->since_ms;
    switch (connection->phase) {
    case CONNECTION_HEADERS:
        return ms > (connections->count > connections->max / 4 * 3 ? CONNECTION_CROWDED_MS : CONNECTION_HEADERS_MS);
    case CONNECTION_BODY:
        return ms > CONNECTION_BODY_MS ||
               (ms > CONNECTION_GRACE_MS && connection->body_bytes < (uint64_t)ms / 1000 * CONNECTION_BYTES_PER_SECOND);
    case CONNECTION_ANSWER:
        return ms > CONNECTION_ANSWER_MS;
    case CONNECTION_STREAM:
        break;
    }
    return false;
}

size_t connections_expire(struct connections *connections, int64_t now_ms) {
    size_t count = 0;
    pthread_mutex_lock(&connections->lock);
    for (struct connection *connection = connections->first; connection; connection = connection->next) {
        if (is_overdue(connections, connection, now_ms)) {
            // Its socket stays open while it is in the list; libmicrohttpd sees the end and closes it.
            shutdown(connection->socket, SHUT_RDWR);
            connection->since_ms = now_ms;
            count++;
        }
    }
    pthread_mutex_unlock(&connections->lock);
    return count;
}

// libmicrohttpd does not watch a suspended connection.
bool connection_has_left(const struct connection *connection) {
    struct pollfd asked = {.fd = connection->socket, .events = POLLRDHUP};
    return poll(&asked, 1, 0) > 0 && (asked.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

struct connection *connection_of(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}
