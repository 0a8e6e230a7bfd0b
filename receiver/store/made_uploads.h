// made_uploads.h: the uploads that are made of one request in another protocol than Datadog's. All of them are kept, or none.
//
// Threads: one at a time, until made_uploads_keep. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_MADE_UPLOADS_H
#define CMEMPROF_RECEIVER_MADE_UPLOADS_H

#include "../../merge/merge.h"
#include "store.h"

#include <microhttpd.h>
#include <pthread.h>

struct made_upload;
struct made_uploads {
    struct store *store;
    enum receiver_error error; // the first
    char reason[256];
    char left_out[256]; // what of the request is not kept, though the rest is; "": nothing
    char own_host[300]; // "host:NAME", for uploads without one; "": the sender is elsewhere
    struct made_upload **list;
    size_t count, capacity;
    pthread_mutex_t lock; // of what follows, and the error: group commit answers from its thread
    size_t waiting;
    void (*done)(void *context);
    void *context;
};

void made_uploads_init(struct made_uploads *made, struct store *store, struct MHD_Connection *connection);
void made_uploads_destroy(struct made_uploads *made);
// The first reason counts; nothing is kept then.
void made_uploads_refuse(struct made_uploads *made, enum receiver_error error, const char *reason);
void made_uploads_fail(struct made_uploads *made, enum receiver_error error); // with the error's own text
// The others are kept; the first reason is told.
void made_uploads_leave_out(struct made_uploads *made, const char *reason);

// An upload with these tags. NULL: it cannot be, and the request is refused.
struct made_tag {
    const char *key, *value;
};
// Of tags with one key the first counts. Commas in values become _, since commas part tags. Values are cut at 1,024 bytes; tags that do
// not fit, and left_out before them, are counted in the tag `attributes_left_out`. A tag `language` names the family, which else is
// `family`.
struct made_upload *made_uploads_begin(struct made_uploads *made, const struct made_tag *tags, size_t count, size_t left_out,
                                       const char *family);
// Begins an attachment. Returns false without refusing the request if the upload has one of this name, or as many as one may have: it
// belongs into another upload then. Other faults refuse the request.
bool made_upload_attachment(struct made_upload *upload, const char *name);
void made_upload_write(struct made_upload *upload, const void *bytes, size_t size); // to the attachment
void made_upload_write_profile(struct made_upload *upload, struct profile *profile);
// The upload's window grows to have this one. Nanoseconds since 1970; a start of 0 is unknown.
void made_upload_window(struct made_upload *upload, int64_t start_ns, int64_t end_ns);

// "heap.pprof", "cpu.pprof": what a profile without a name is called, after its types.
void made_upload_name(const struct profile *profile, char name[CATALOG_NAME_MAX_BYTES + 1]);

// Hands all uploads over, or none if the request is refused. Calls done once, from this or another thread, when all are durable.
void made_uploads_keep(struct made_uploads *made, void (*done)(void *context), void *context);

#endif
