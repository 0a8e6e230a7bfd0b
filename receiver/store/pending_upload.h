// pending_upload.h: an upload while it arrives: its files below DIR/incoming/, until it is kept or dropped.
//
// Threads: a struct pending_upload belongs to one thread at a time. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_PENDING_UPLOAD_H
#define CMEMPROF_RECEIVER_PENDING_UPLOAD_H

#include "../../merge/merge.h"
#include "store.h"

struct pending_upload;
enum receiver_error pending_upload_new(struct store *store, struct pending_upload **pending);
// Starts the next attachment. Returns RECEIVER_BAD_UPLOAD with a reason in text if there is no name, or it is too long or taken, or there
// are too many attachments. The upload may go on without it.
enum receiver_error pending_upload_attachment(struct pending_upload *pending, const char *name, char *text, size_t text_size);
enum receiver_error pending_upload_write(struct pending_upload *pending, const char *bytes, size_t size); // to the last attachment
// For attachments that begin after the call: files of other tools are looked for whatever their name and compression
// (foreign_attachment.h).
void pending_upload_take_foreign(struct pending_upload *pending);
// Whether an attachment may be a file of another tool, so that pending_upload_convert takes time.
bool pending_upload_may_convert(const struct pending_upload *pending);
// Replaces files of other tools by their profiles. One that cannot be read stays as it came, with the reason among the refused parts; with
// only, the upload is refused: RECEIVER_BAD_UPLOAD, RECEIVER_TOO_LARGE or RECEIVER_NO_MEMORY and the reason. budget: of all such files
// together.
enum receiver_error pending_upload_convert(struct pending_upload *pending, bool only, struct merge_budget *budget, char *text,
                                           size_t text_size);
// Records a refused part, for the reply and the index.
void pending_upload_refuse(struct pending_upload *pending, const char *name, const char *reason);
const char *pending_upload_refused(const struct pending_upload *pending); // a JSON array, or NULL: nothing was refused
// Hands it to group commit. Calls done once, from a thread of the store, when it is durable (RECEIVER_OK and its id) or cannot be (with a
// reason). event must live until then. more_tags: "k:v,k:v" or NULL.
typedef void (*pending_upload_done)(void *context, enum receiver_error error, int64_t id, const char *reason);
void pending_upload_keep(struct pending_upload *pending, const char *event, size_t event_size, const char *more_tags,
                         pending_upload_done done, void *context);
// Removes the files unless it was kept. NULL is allowed.
void pending_upload_free(struct pending_upload *pending);

#endif
