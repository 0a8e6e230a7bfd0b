// sender.h: what is known of who sends an upload besides what the upload says: the Agent's header, the machine it comes from.
//
// Threads: the connection's own. Memory: the caller's.
#ifndef CMEMPROF_RECEIVER_SENDER_H
#define CMEMPROF_RECEIVER_SENDER_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

// X-Datadog-Additional-Tags: "host:web-1,default_env:prod,agent_version:7.50.0", which an Agent adds to what it passes on. NULL: none.
const char *sender_tags(struct MHD_Connection *connection);
// Whether the sender is a program of this machine: over loopback or a Unix socket, and nobody stands between (a proxy says so).
bool sender_is_here(struct MHD_Connection *connection);
// Whether there is a tag host: in "k:v,k:v". NULL is fine.
bool sender_has_host(const char *tags);
// The same for the tags of an event, from its JSON: by the text alone, since it is parsed later, and whatever looks like it is taken for
// one.
bool sender_event_has_host(const char *event, size_t size);
// "host:NAME" of this machine; "": it has no name that fits.
void sender_own_host(char *tag, size_t size);

#endif
