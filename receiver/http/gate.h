// gate.h: holds requests that come while the receiver starts, so that it can answer whether it is ready while it reads its index, and no
// client is turned away meanwhile.
//
// A request that comes to a shut gate is suspended before its body is read; gate_open resumes all. libmicrohttpd calls on_request for such
// a request again as if it were new.
//
// Threads: any. Memory: malloc, 16 bytes for each that waits; as many as there may be connections.
#ifndef CMEMPROF_RECEIVER_GATE_H
#define CMEMPROF_RECEIVER_GATE_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>

struct gate {
    pthread_mutex_t lock;
    struct gate_waiting *first; // guarded by lock, as the next
    bool is_open;
};
void gate_init(struct gate *gate); // shut
void gate_destroy(struct gate *gate);
enum gate_answer { GATE_PASS, GATE_WAIT, GATE_FULL }; // GATE_FULL: no memory
// In on_request's first call. GATE_WAIT: the connection is suspended now.
enum gate_answer gate_enter(struct gate *gate, struct MHD_Connection *connection);
void gate_open(struct gate *gate); // for good

#endif
