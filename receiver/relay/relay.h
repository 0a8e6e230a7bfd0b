// relay.h: the thread that forwards stored uploads to one target, in the order of their arrival.
//
// The store is the spool: an upload is sent after it is durable, and the target's file (relay_state.h) knows up to which one. So nothing is
// copied, nothing waits in memory, and the answer to a client depends on no target. An upload is sent at least once: again, if this program
// or the machine ends between the target's answer and the note of it.
//
// 2xx: it is done. 400, 413 and so on are about the upload: it is given up, and counted. No connection, 429, 3xx, 401, 403, 404: all wait,
// with pauses up to ten seconds or as Retry-After says. At 5xx and time-outs, and when this side fails at
// an upload (it cannot be read, the process that sends died), the next uploads are tried as well; it is tried again between them, and given
// up when it has failed ten times while others were taken. When 64 are put off so, later ones are tried out of order until one of the 64 is
// given up; a restart meanwhile sends again what was taken out of order.
//
// Threads: any; its own. Memory: malloc; that of a body (relay_body.h), of profiles RELAY_BYTES at most.
#ifndef CMEMPROF_RECEIVER_RELAY_H
#define CMEMPROF_RECEIVER_RELAY_H

#include "../base/exposition.h"
#include "../receiver.h"
#include "../store/store.h"

enum { RELAY_BYTES = 256 << 20, RELAY_STRIKES = 10 };

struct relay;
// A target without a file begins behind the newest upload. Before the first upload arrives. NULL: text has the reason.
struct relay *relay_start(struct store *store, const char *directory, const struct receiver_target *target, int64_t max_age_ms,
                          void (*on_message)(const char *text), char *text, size_t text_size);
void relay_stop(struct relay *relay); // ends the thread and frees; before the store is closed. NULL is allowed
// Of all targets: each family once.
void relay_write(struct relay *const *relays, size_t count, struct exposition *exposition);

#endif
