// upload_event.h: parses the event of an upload: times, family, tags.
//
// Threads: a reader belongs to one thread at a time. Memory: malloc and SQLite's, whose JSON functions read the event.
#ifndef CMEMPROF_RECEIVER_UPLOAD_EVENT_H
#define CMEMPROF_RECEIVER_UPLOAD_EVENT_H

#include "../base/error.h"
#include "selection.h"

#include <stddef.h>
#include <stdint.h>

enum {
    UPLOAD_EVENT_FIELD_MAX_BYTES = 200,     // start, end and family
    UPLOAD_EVENT_FACET_MAX_BYTES = 200,     // longer values are cut: each upload may have its own in memory
    UPLOAD_EVENT_TAGS_MAX_BYTES = 16 << 10, // of an upload, joined: each list of uploads has them all
    UPLOAD_EVENT_MAX_TAGS = 1000            // empty ones count; clients send 10 to 60
};

struct upload_event {
    char *tags;                 // "k:v,k:v"
    char *start, *end, *family; // as written, NULL: missing
    char *facets[FACET_COUNT];  // the first tag of that key, NULL: none; the language falls back to the family
    int64_t start_ms, end_ms;   // 0: missing, or no time
};
void upload_event_free(struct upload_event *event);

struct upload_event_reader;
struct upload_event_reader *upload_event_reader_new(void); // NULL: no memory
void upload_event_reader_free(struct upload_event_reader *reader);
// more_tags: "k:v,k:v" from outside the event, or NULL. RECEIVER_BAD_UPLOAD: not a JSON object. RECEIVER_TOO_LARGE: tags or fields exceed
// the limits. Either way text has a line, and event needs no free.
enum receiver_error upload_event_read(struct upload_event_reader *reader, const char *bytes, size_t size, const char *more_tags,
                                      struct upload_event *event, char *text, size_t text_size);
// The same of an upload that is stored, perhaps by a version with other limits: what exceeds them is cut.
enum receiver_error upload_event_read_stored(struct upload_event_reader *reader, const char *bytes, size_t size, const char *more_tags,
                                             struct upload_event *event, char *text, size_t text_size);

#endif
