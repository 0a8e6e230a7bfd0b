// connections.c: the list of connections and their deadlines (connections.h).
#include "connections.h"
#include "../../base/clock.h"
#include "../../base/fnv.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

// ---- Who gives way ----

static unsigned address_of(int socket) {
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
        struct sockaddr_storage space;
    } peer;
    socklen_t size = sizeof peer;
    memset(&peer, 0, sizeof peer);
    getpeername(socket, &peer.any, &size);
    uint64_t hash = peer.any.sa_family == AF_INET    ? fnv64(FNV64_START, (const char *)&peer.four.sin_addr, sizeof peer.four.sin_addr)
                    : peer.any.sa_family == AF_INET6 ? fnv64(FNV64_START, (const char *)&peer.six.sin6_addr, 8) // a network of one owner
                                                     : 0;
    return (unsigned)(hash ^ hash >> 32) % CONNECTION_ADDRESSES;
}

static bool is_half_request(const struct connection *connection) {
    return connection->phase == CONNECTION_HEADERS || connection->phase == CONNECTION_BODY;
}

// Caller must hold the lock. NULL: none has been idle for long enough.
static struct connection *most_idle(const struct connections *connections, int64_t now_ms, int64_t idle_ms) {
    struct connection *most = NULL;
    for (struct connection *at = connections->first; at; at = at->next) {
        if (at->gives_way || !is_half_request(at) || now_ms - at->active_ms < idle_ms) {
            continue;
        }
        unsigned count = connections->of_address[at->address], most_count = most ? connections->of_address[most->address] : 0;
        if (!most || count > most_count || (count == most_count && at->active_ms < most->active_ms)) {
            most = at;
        }
    }
    return most;
}

static bool make_room(struct connections *connections, int64_t now_ms) {
    size_t count = connections->count - connections->leaving;
    if (count <= connections->max / 8 * 7) {
        return false;
    }
    bool is_full = count > connections->max / 16 * 15;
    struct connection *idle = most_idle(connections, now_ms, is_full ? CONNECTION_IDLE_CROWDED_MS : CONNECTION_IDLE_MS);
    if (idle) {
        shutdown(idle->socket, SHUT_RDWR); // libmicrohttpd sees the end and closes it
        idle->gives_way = true;
        connections->leaving++;
    }
    return idle;
}

// ---- The list ----

struct connection *connections_add(struct connections *connections, int socket, int64_t now_ms) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection) {
        connection->list = connections;
        connection->socket = socket;
        connection->since_ms = connection->active_ms = now_ms;
        connection->address = address_of(socket);
        pthread_mutex_lock(&connections->lock);
        connection->next = connections->first;
        if (connection->next) {
            connection->next->previous = connection;
        }
        connections->first = connection;
        connections->count++;
        connections->of_address[connection->address]++;
        make_room(connections, now_ms);
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
    connections->leaving -= connection->gives_way;
    connections->of_address[connection->address]--;
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
        connection->since_ms = connection->active_ms = now_ms;
        connection->body_bytes = 0;
        pthread_mutex_unlock(&connections->lock);
    }
}

void connections_received(struct connections *connections, struct connection *connection, size_t bytes, int64_t now_ms) {
    if (connection) {
        pthread_mutex_lock(&connections->lock);
        connection->body_bytes += bytes;
        connection->active_ms = now_ms;
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
    while (make_room(connections, now_ms)) {
        count++;
    }
    pthread_mutex_unlock(&connections->lock);
    return count;
}

static bool is_answering(struct connections *connections) {
    pthread_mutex_lock(&connections->lock);
    const struct connection *connection = connections->first;
    while (connection && connection->phase != CONNECTION_ANSWER) {
        connection = connection->next;
    }
    pthread_mutex_unlock(&connections->lock);
    return connection;
}

void connections_wait_for_answers(struct connections *connections, int64_t most_ms) {
    int64_t end_ms = connections_now_ms() + most_ms;
    while (is_answering(connections) && connections_now_ms() < end_ms) {
        usleep(2000);
    }
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

// As many as the process has file descriptors for.
unsigned connections_possible(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) {
        return CONNECTIONS_MAX;
    }
    rlim_t possible = files.rlim_cur > CONNECTION_FILES_BESIDES + 64 ? (files.rlim_cur - CONNECTION_FILES_BESIDES) / CONNECTION_FILES : 16;
    return possible < CONNECTIONS_MAX ? (unsigned)possible : CONNECTIONS_MAX;
}
