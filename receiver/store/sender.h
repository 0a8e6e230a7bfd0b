// sender.h: what is known of the sender of an upload besides its event: the Agent's header, the machine.
//
// Threads: the connection's own. Memory: the caller's.
#ifndef CMEMPROF_RECEIVER_SENDER_H
#define CMEMPROF_RECEIVER_SENDER_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

// X-Datadog-Additional-Tags: "host:web-1,default_env:prod,agent_version:7.50.0", which an Agent adds when forwarding. NULL: none.
const char *sender_tags(struct MHD_Connection *connection);
// Whether the sender is a program of this machine: over loopback or a Unix socket, without a proxy (which would say so).
bool sender_is_here(struct MHD_Connection *connection);
// Whether "k:v,k:v" of size bytes has a tag of this key with a value. NULL of 0 bytes is allowed.
bool sender_has_tag(const char *tags, size_t size, const char *key);
// The same for the tags in the JSON of an event. Searches the text, since it is parsed later; a look-alike counts.
bool sender_event_has_host(const char *event, size_t size);
// "host:NAME" of this machine; "": its name does not fit.
void sender_own_host(char *tag, size_t size);

#endif
