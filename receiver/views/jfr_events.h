// jfr_events.h: single events of a recording of Java Flight Recorder as JSON, in the order of the file (docs/receiver.md has the format).
//
// Threads: any. Memory: malloc; the recording inflated, and the answer, which counts against the thread's budget (merge.h) while it is
// made.
#ifndef CMEMPROF_RECEIVER_JFR_EVENTS_H
#define CMEMPROF_RECEIVER_JFR_EVENTS_H

#include "../base/error.h"
#include "../base/json.h"
#include "../base/single_flight.h"

#include <stddef.h>
#include <stdint.h>

enum { JFR_EVENTS_MAX = 10000 };
struct jfr_events_query {
    const char *type;      // NULL or "": all; else names with commas between them
    uint64_t after;        // events at later bytes only
    uint64_t limit;        // at most JFR_EVENTS_MAX
    struct flight *flight; // that asks, not owned; NULL: it cannot be abandoned
};
// Writes the whole answer. bytes: a recording as received. RECEIVER_BAD_UPLOAD: text has the fault. RECEIVER_CLIENT_GONE: nobody wants it.
enum receiver_error jfr_events_write(const void *bytes, size_t size, const struct jfr_events_query *query, struct json *json, char *text,
                                     size_t text_size);

#endif
