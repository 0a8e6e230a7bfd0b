// connections.h: the TCP connections, and deadlines, so that slow ones do not use up the limit of connections.
//
// libmicrohttpd closes idle connections. A client that sends a byte every few seconds is never idle; such are closed here.
//
// No client can take all connections: beyond seven eighths of the limit, a half request gives way to each new connection. It is one of the
// address that has most (programs of this machine count as one), and of these the one that has sent nothing for the longest time, a second
// at least. Beyond fifteen sixteenths a twentieth of a second is enough.
//
// Threads: any; one lock. Memory: malloc, about 100 bytes per connection.
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
    CONNECTION_STREAM // an endless answer: no deadline
};

struct tls_pair;
struct connection {
    struct connections *list;
    struct connection *previous, *next; // guarded by the list's lock, as all until response
    int socket;
    enum connection_phase phase;
    int64_t since_ms, active_ms; // in this phase; when it last sent something that was seen here
    uint64_t body_bytes;
    bool gives_way;               // it was shut down for others
    unsigned address;             // of the client: an index into the list's
    struct tls_pair *certificate; // that it has (tls.h); NULL: none
    // The answer, from its making until libmicrohttpd takes it (reply.c); one thread at a time.
    struct MHD_Response *response;
    unsigned status;
};

enum {
    CONNECTIONS_MAX = 2048,
    CONNECTION_FILES = 3, // the socket, an upload's directory and the attachment being written
    CONNECTION_FILES_BESIDES = 100,
    CONNECTION_HEADERS_MS = 30 * 1000,
    CONNECTION_CROWDED_MS = 5 * 1000, // the same, beyond three quarters of the limit
    CONNECTION_BODY_MS = 5 * 60 * 1000,
    CONNECTION_GRACE_MS = 20 * 1000, // after it, a body must arrive at the rate below
    CONNECTION_BYTES_PER_SECOND = 1000,
    CONNECTION_ANSWER_MS = 10 * 60 * 1000,
    CONNECTION_IDLE_MS = 1000, // a half request that sends nothing for so long gives way to others
    CONNECTION_IDLE_CROWDED_MS = 50,
    CONNECTION_ADDRESSES = 1024,          // told apart, by a hash
    CONNECTION_ANSWERS_BYTES = 128 << 20, // of all answers waiting in memory for slow readers: a dozen of the largest trees
};

struct connections {
    pthread_mutex_t lock;
    struct connection *first; // guarded by lock, as all below
    size_t count, max;
    size_t leaving;      // of count: were shut down for others
    size_t answer_bytes; // reserved by connections_take
    unsigned of_address[CONNECTION_ADDRESSES];
};

// As many as the process has file descriptors for, at most CONNECTIONS_MAX.
unsigned connections_possible(void);
void connections_init(struct connections *connections, size_t max);
void connections_destroy(struct connections *connections);
// May shut down another. NULL: no memory.
struct connection *connections_add(struct connections *connections, int socket, int64_t now_ms);
void connections_remove(struct connections *connections, struct connection *connection); // NULL is allowed
void connections_enter(struct connections *connections, struct connection *connection, enum connection_phase phase, int64_t now_ms);
void connections_received(struct connections *connections, struct connection *connection, size_t bytes, int64_t now_ms);
// Reserves memory for an answer until it is sent. Returns false if there is too little left; an answer that is alone always fits.
bool connections_take(struct connections *connections, size_t bytes);
void connections_give_back(struct connections *connections, size_t bytes);
// Shuts down those past a deadline, and those that give way to others; returns their count.
size_t connections_expire(struct connections *connections, int64_t now_ms);
// Waits until no answer is being made or sent, at most so long: at the end, for who has sent all of a request.
void connections_wait_for_answers(struct connections *connections, int64_t most_ms);

// Whether the client has closed, or will send nothing more: then it does not wait for an answer either. Only for a connection in the list.
bool connection_has_left(const struct connection *connection);

// The entry of this connection, in callbacks of libmicrohttpd and while it is suspended. NULL: there was no memory for it.
struct connection *connection_of(struct MHD_Connection *connection);
int64_t connections_now_ms(void); // monotonic

#endif
