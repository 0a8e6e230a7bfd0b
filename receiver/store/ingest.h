// ingest.h: one POST to /profiling/v1/input: a multipart body, taken apart as it comes and streamed to disk.
//
// Or one to /api/import: a single file as the body, or in parts, which needs no event; what one says is said in the address.
//
// Takes what the clients of Datadog's Agent send: parts in any order, the event named `event` or with the file name event.json, the name of
// an attachment being its file name, else its part name; parts named `tags[]` hold one more tag each. A part that cannot be kept is refused
// by itself, and the upload says which and why. Uploads in the form before event.json are taken, too (form.h). Tags that say who sent it
// (sender.h) come behind the upload's own. Whatever makes the rest doubtful makes the whole upload refused, with one line that says
// why, and leaves no file behind.
//
// Threads: a struct ingest belongs to one thread at a time. Memory: malloc; the event (1 MiB at most) and 32 KiB of parser, the
// attachments go to disk as they come.
#ifndef CMEMPROF_RECEIVER_INGEST_H
#define CMEMPROF_RECEIVER_INGEST_H

#include "store.h"

#include <microhttpd.h>

struct ingest;
// NULL: no memory. A wrong content type is told by ingest_finish, as all else.
enum ingest_kind { INGEST_UPLOAD, INGEST_IMPORT };
struct ingest *ingest_new(struct store *store, struct MHD_Connection *connection, enum ingest_kind kind, size_t max_body_bytes);
// False: the client sends far more than it may, or takes longer than it may; drop the connection.
bool ingest_data(struct ingest *ingest, const char *bytes, size_t size);
// The body is over. done is called once, from this or another thread, when the upload is on disk or refused; then ingest_result tells.
void ingest_finish(struct ingest *ingest, void (*done)(void *context), void *context);
// RECEIVER_OK: kept as *id, and what was refused of it in *refused (a JSON array or NULL). Else *reason says why. Both live as long as
// ingest.
enum receiver_error ingest_result(const struct ingest *ingest, int64_t *id, const char **reason, const char **refused);
void ingest_free(struct ingest *ingest); // NULL is fine

#endif
