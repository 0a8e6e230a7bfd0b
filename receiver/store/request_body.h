// request_body.h: the body of a request, in memory until it is complete.
//
// Threads: one at a time. Memory: malloc, counted against a budget of all such bodies.
#ifndef CMEMPROF_RECEIVER_REQUEST_BODY_H
#define CMEMPROF_RECEIVER_REQUEST_BODY_H

#include "../../merge/merge.h"
#include "../base/failure.h"

struct request_body {
    struct merge_budget *budget; // set by the caller, as the next one
    size_t max_bytes;
    char *bytes; // NULL: none yet, or dropped
    size_t size, capacity, received;
};

// RECEIVER_TOO_LARGE, RECEIVER_NO_MEMORY: the body is dropped, and what comes is counted only.
enum receiver_error request_body_add(struct request_body *body, const char *bytes, size_t size);
// The rest of a refused body is read so that the client gets the reason, but not without end.
bool request_body_is_endless(const struct request_body *body);
void request_body_drop(struct request_body *body);

#endif
