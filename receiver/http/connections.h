// connections.h: what is known of each TCP connection, and the deadlines that keep slow ones from taking the places of others.
//
// libmicrohttpd closes a connection on which nothing moves. A client that sends a byte every few seconds always moves; such are closed
// here.
//
// Threads: any; one lock. Memory: malloc, about 100 bytes a connection.
#ifndef CMEMPROF_RECEIVER_CONNECTIONS_H
#define CMEMPROF_RECEIVER_CONNECTIONS_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum connection_phase {
    CONNECTION_HEADERS, // waits for a request, or for the rest of its headers
    CONNECTION_BODY,
    CONNECTION_ANSWER,
    CONNECTION_STREAM // an answer without an end: may stay
};

struct connection {
    struct connections *list;
    struct connection *previous, *next; // guarded by the list's lock, as the next four
    int socket;
    enum connection_phase phase;
    int64_t since_ms;
    uint64_t body_bytes;
    // The answer, from when it is made to when libmicrohttpd gets it (reply.c); one thread at a time.
    struct MHD_Response *response;
    unsigned status;
};

enum {
    CONNECTION_HEADERS_MS = 30 * 1000,
    CONNECTION_CROWDED_MS = 5 * 1000, // the same, while three quarters of all places are taken
    CONNECTION_BODY_MS = 5 * 60 * 1000,
    CONNECTION_GRACE_MS = 20 * 1000, // from then on a body has to come with the rate below
    CONNECTION_BYTES_PER_SECOND = 1000,
    CONNECTION_ANSWER_MS = 10 * 60 * 1000,
    CONNECTION_ANSWERS_BYTES = 128 << 20, // of all answers that wait in memory for whoever reads them slowly: a dozen of the largest trees
};

struct connections {
    pthread_mutex_t lock;
    struct connection *first; // guarded by lock, as the next three
    size_t count, max;
    size_t answer_bytes; // taken and not given back
};

void connections_init(struct connections *connections, size_t max);
void connections_destroy(struct connections *connections);
struct connection *connections_add(struct connections *connections, int socket, int64_t now_ms); // NULL: no memory
void connections_remove(struct connections *connections, struct connection *connection);         // NULL is fine
void connections_enter(struct connections *connections, struct connection *connection, enum connection_phase phase, int64_t now_ms);
void connections_received(struct connections *connections, struct connection *connection, size_t bytes);
// Room in memory for an answer until it is sent. False: there is none; an answer that is alone has room whatever its size.
bool connections_take(struct connections *connections, size_t bytes);
void connections_give_back(struct connections *connections, size_t bytes);
// Shuts down those that are over a deadline; returns how many.
size_t connections_expire(struct connections *connections, int64_t now_ms);

// Whether its client has gone, or will send nothing more: then it does not wait for an answer either. For a connection in the list.
bool connection_has_left(const struct connection *connection);

// What was added for this connection, in the callbacks of libmicrohttpd and while it is suspended. NULL: there was no memory for it.
struct connection *connection_of(struct MHD_Connection *connection);
int64_t connections_now_ms(void); // monotonic

#endif
