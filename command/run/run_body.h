// run_body.h: a batch of `cmemprof run` as a body of OpenTelemetry's protocol or Grafana Pyroscope's.
//
// The batch is that of an Agent (upload/upload.h), since it waits and is spooled in that form. Its tags become attributes of the resource,
// or labels of series. Tags end at commas and their keys at colons, and attributes have both: of a batch for OpenTelemetry's protocol they
// are in the event as RUN_BODY_COMMA and RUN_BODY_COLON.
//
// Threads: one at a time. Memory: malloc.
#ifndef CMEMPROF_RUN_BODY_H
#define CMEMPROF_RUN_BODY_H

#include "../../receiver/receiver.h"
#include "../../upload/upload.h"

enum { RUN_BODY_COMMA = 0x1f, RUN_BODY_COLON = 0x1e };

struct run_body;
// Sets request->event and event_size, which belong to the body. UPLOAD_NO_MEMORY; UPLOAD_BAD_REQUEST: it has no profile that can be read.
// Either way *body is NULL.
// is_plain: a request of OTLP is not packed with gzip. since_ns: of the real-time clock, when this program began; mappings of batches that
// began later get hashes of their files (otlp_hash_files). 0: none do.
enum upload_error run_body_make(enum receiver_target_kind kind, bool is_plain, int64_t since_ns, const struct upload_request *batch,
                                struct run_body **body, struct upload_request *request);
void run_body_free(struct run_body *body); // NULL is allowed

#endif
