// sender.h: a process that sends to one address, for a process that gives up connections (command/base/confine.h) since it reads bytes of
// strangers. It alone knows the headers and keys of that address.
//
// sender_start forks twice: a process that sends with client.h, and one that keeps it: if that is killed, or ends by a fault of its own, it
// starts another one at once, which begins after a pause that grows from 0.1 s to 10 s. If the one that keeps is killed, the other one
// takes its place. Both end with the process that started them. Batches go there through a socket, as one block (upload/batch.h), in
// packets; one that was put there before a restart and not answered is dropped, since its owner sends it again: UPLOAD_NO_MEMORY. It comes
// twice only if a process ends between sending it and saying so.
//
// Threads: sender_start and sender_stop from the only thread; sending by one thread at a time; sender_cancel from any. Memory: malloc; a
// batch twice, here and there.
#ifndef CMEMPROF_CLIENT_SENDER_H
#define CMEMPROF_CLIENT_SENDER_H

#include "../upload/upload.h"

struct sender_options {
    const char *url;
    const char *const *headers; // "Name: value"
    size_t header_count;
    const char *secret; // signs bodies: the header "X-Cmemprof-Signature: sha256=HEX" is HMAC-SHA256 of the body. For is_raw; NULL: no
    bool is_raw;        // the event is the whole body (upload.h)
    long timeout_ms;    // of one attempt; 0: 10 s
    // The first thing that the process does: it removes what it has of its parent's memory and environment, and what is not its own to
    // know. NULL: nothing.
    void (*forget)(void *context);
    void *context;
};

struct sender;
struct sender *sender_start(const struct sender_options *options); // NULL: no memory, or no process: errno
// Sends the batch of the request (attachments, batch_headers, event; the rest is the sender's). Blocks until the answer, a time-out or
// sender_cancel.
void sender_send(struct sender *sender, const struct upload_request *request, struct upload_result *result);
void sender_cancel(struct sender *sender);       // for good
uint64_t sender_restarts(struct sender *sender); // how often another process was started; known with the next batch. Threads: any
void sender_stop(struct sender *sender);         // NULL is allowed

#endif
