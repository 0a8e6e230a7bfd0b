// otlp_upload.h: one POST to /v1development/profiles: profiles in OpenTelemetry's protocol, over HTTP, as protobuf (../../otlp/otlp.h).
//
// Each resource of the request becomes an upload like any other: its attributes are the tags (service.name is service), its profiles
// attachments in pprof's format. A profile that the sender gives no name is named after its type: cpu.pprof, heap.pprof, off_cpu.pprof.
// Profiles of the same name, as in a batch of a collector, are uploads of their own. The body is not kept.
//
// Threads: a struct otlp_upload belongs to one thread at a time. Memory: malloc; body and profiles count against the budget.
#ifndef CMEMPROF_RECEIVER_OTLP_UPLOAD_H
#define CMEMPROF_RECEIVER_OTLP_UPLOAD_H

#include "../../merge/merge.h"
#include "store.h"

#include <microhttpd.h>

bool otlp_upload_is(const char *path);

struct otlp_upload;
// budget: of all these uploads together. NULL: no memory.
struct otlp_upload *otlp_upload_new(struct store *store, struct MHD_Connection *connection, struct merge_budget *budget,
                                    size_t max_body_bytes);
// Returns false if the client sends far more than allowed: drop the connection.
bool otlp_upload_data(struct otlp_upload *upload, const char *bytes, size_t size);
// The body is complete. Takes as long as reading all profiles. Calls done once, from this or another thread, when all uploads are durable
// or refused.
void otlp_upload_finish(struct otlp_upload *upload, void (*done)(void *context), void *context);
// RECEIVER_OK: stored. Else *reason has the cause, which lives as long as upload; of several uploads some may be stored.
enum receiver_error otlp_upload_result(const struct otlp_upload *upload, const char **reason);
void otlp_upload_free(struct otlp_upload *upload); // NULL is allowed

#endif
