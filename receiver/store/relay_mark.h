// relay_mark.h: the tag "relay:ID.ID" of a forwarded upload: the receivers that it came through, the first one first. So a receiver knows
// what it has forwarded itself, and a loop ends where it begins.
//
// Threads: any. Memory: the caller's.
#ifndef CMEMPROF_RECEIVER_RELAY_MARK_H
#define CMEMPROF_RECEIVER_RELAY_MARK_H

#include <stdbool.h>
#include <stddef.h>

enum { RELAY_MARK_ID_BYTES = 17, RELAY_MARK_MAX = 8, RELAY_MARK_BYTES = 8 + RELAY_MARK_MAX * RELAY_MARK_ID_BYTES };

// Reads the id of this data directory, DIR/forward.id; "" if there is none, or creates it if create. Returns false with errno.
bool relay_mark_id(int directory, bool create, char id[RELAY_MARK_ID_BYTES]);
// Whether tags, "k:v,k:v", say that the upload came through it, by any tag "relay". id "": no.
bool relay_mark_has(const char *tags, const char *id);
// The tag of an upload with these tags behind this receiver; it continues the last mark. Returns false if it came through RELAY_MARK_MAX
// receivers already.
bool relay_mark_add(const char *tags, const char *id, char tag[RELAY_MARK_BYTES]);

#endif
