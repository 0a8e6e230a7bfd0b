// webhook.h: the thread that tells of findings (alerts.h), by POST of a JSON body each, one at a time and in order.
//
// 2xx: it was taken. 400, 413 and so on are about the body: it is dropped, and counted. All else is tried again, with pauses that double up
// to half a minute or as Retry-After says: no connection, 3xx, 5xx, 408, 429, and 401, 403, 404, which somebody may mend. A body waits for
// a day at most (alerts.h).
//
// Threads: any; its own. Memory: a body.
#ifndef CMEMPROF_RECEIVER_WEBHOOK_H
#define CMEMPROF_RECEIVER_WEBHOOK_H

#include "../base/exposition.h"
#include "../receiver.h"
#include "alerts.h"

struct webhook;
// NULL: no memory. on_message: of receiver_options.
struct webhook *webhook_start(struct alerts *alerts, const struct receiver_outlet *outlet, void (*on_message)(const char *text));
void webhook_wake(struct webhook *webhook); // there is something to tell
void webhook_stop(struct webhook *webhook); // ends the thread and frees; what waits stays. NULL is allowed
void webhook_write(struct webhook *webhook, struct exposition *exposition);

#endif
