// relay_body.h: a stored upload as what a target takes.
//
// Datadog: the parts as they came, event.json and attachments byte for byte, as multipart; tags that came beside the event, and the mark of
// this receiver (../store/relay_mark.h), in the header X-Datadog-Additional-Tags, as an Agent adds them. OTLP: the profiles (Java's
// recordings as those made of them) with the tags as attributes of the resource. Pyroscope: a push with a series of each file in pprof's
// format, as it is, with the tags as labels, of which the server takes 30.
//
// Threads: one body belongs to one. Memory: malloc, the files of the upload and what is made of them; profiles count against the budget of
// the thread (merge.h).
#ifndef CMEMPROF_RECEIVER_RELAY_BODY_H
#define CMEMPROF_RECEIVER_RELAY_BODY_H

#include "../../upload/upload.h"
#include "../receiver.h"
#include "../store/store.h"

struct relay_body;
// Sets attachments, batch_headers and event of the request, which live as long as *body. RECEIVER_NOT_FOUND: the upload is gone;
// RECEIVER_DAMAGED, RECEIVER_BAD_UPLOAD: nothing of it can be read, or it came through too many receivers; RECEIVER_NO_MEMORY and others: a
// later try may succeed. A profile that takes more than the
// budget is left out. RECEIVER_OK without an event: there is nothing in it that such a target takes. text gets a line if a file was left
// out, else "".
enum receiver_error relay_body_make(struct store *store, enum receiver_target_kind kind, int64_t id, struct relay_body **body,
                                    struct upload_request *request, char *text, size_t text_size);
void relay_body_free(struct relay_body *body); // NULL is allowed
uint64_t relay_body_bytes(const struct relay_body *body);

#endif
