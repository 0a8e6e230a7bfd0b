// ingest.h: one POST to /profiling/v1/input: parses a multipart body as it arrives and streams it to disk.
//
// Also one to /api/import: a single file as the body, or in parts, without an event; the address describes it.
//
// Accepts what the clients of Datadog's Agent send: parts in any order; the event named `event` or with the file name event.json; an
// attachment named by its file name, else its part name; one more tag in each part `tags[]`. A part that cannot be stored is refused alone,
// and the upload records which and why. Uploads in the form before event.json are accepted (form.h). Tags about the sender (sender.h)
// follow the upload's own. Any other fault refuses the whole upload with one line of reason, and leaves no file behind.
//
// Files of other tools become profiles before they are stored (foreign_attachment.h): in imports all that are known, in uploads those that
// are not compressed, or are not named like a profile.
//
// Threads: a struct ingest belongs to one thread at a time. Memory: malloc; the event (1 MiB at most) and 32 KiB of parser; attachments go
// to disk as they arrive.
#ifndef CMEMPROF_RECEIVER_INGEST_H
#define CMEMPROF_RECEIVER_INGEST_H

#include "store.h"

#include <microhttpd.h>

struct ingest;
struct merge_budget; // merge/merge.h
// Returns NULL without memory. A wrong content type is reported by ingest_finish, as all else.
enum ingest_kind { INGEST_UPLOAD, INGEST_IMPORT };
// budget: of all files of other tools that are read at once (foreign_attachment.h).
struct ingest *ingest_new(struct store *store, struct MHD_Connection *connection, enum ingest_kind kind, struct merge_budget *budget,
                          size_t max_body_bytes);
// Returns false if the client sends far more than allowed, or takes longer: drop the connection.
bool ingest_data(struct ingest *ingest, const char *bytes, size_t size);
// The body is complete. Calls done once, from this or another thread, when the upload is durable or refused; then ingest_result has the
// outcome.
void ingest_finish(struct ingest *ingest, void (*done)(void *context), void *context);
// Whether the event is so large that ingest_finish takes milliseconds to read it, or
bool ingest_takes_time(const struct ingest *ingest);
// whether it has files that may be of other tools, whose conversion takes up to seconds.
bool ingest_converts(const struct ingest *ingest);
// RECEIVER_OK: stored as *id; *refused has what was refused of it (a JSON array or NULL). Else *reason has the cause. Both live as long as
// ingest.
enum receiver_error ingest_result(const struct ingest *ingest, int64_t *id, const char **reason, const char **refused);
void ingest_free(struct ingest *ingest); // NULL is allowed

#endif
