// protocol_upload.h: one POST of profiles in another protocol than Datadog's. Its body is read as a whole and becomes uploads like
// any other (made_uploads.h).
//
//   OTLP            /v1development/profiles (../../otlp/otlp.h), over HTTP, as protobuf. Each resource is an upload: its attributes are the
//                   tags (service.name is service), its profiles attachments in pprof's format. A profile that the sender gives no name is
//                   named after its type: cpu.pprof, heap.pprof, off_cpu.pprof. Profiles of the same name, as in a batch of a collector,
//                   are uploads of their own
//   Pyroscope       /push.v1.PusherService/Push: Connect's unary protocol over HTTP/1.1 with protobuf, packed or not. Each profile of a
//                   series is an upload. JSON, gRPC and gRPC-web are refused
//                   /ingest: one profile: pprof or JFR, as the body or as part of a multipart body, or text, stacks with a
//                   number (folded, groups) or speedscope's JSON, with the application and its labels in the address. Tries, trees and
//                   lines are refused
//                   Labels are tags under the names that tags have (service_name, else the application's name, is service); the tenant of
//                   the header X-Scope-OrgID is the tag `tenant`. The file has the name that such a profile has from other clients:
//                   cpu.pprof, delta-heap.pprof, main.jfr. Profiles are kept as they came; texts become pprof (../../pyroscope/pyroscope.h)
//
// Threads: a struct protocol_upload belongs to one thread at a time. Memory: malloc; body and profiles count against the budget.
#ifndef CMEMPROF_RECEIVER_PROTOCOL_UPLOAD_H
#define CMEMPROF_RECEIVER_PROTOCOL_UPLOAD_H

#include "made_uploads.h"
#include "request_body.h"

// How a request is answered (../http/reply.h).
enum protocol_answer { PROTOCOL_ANSWER_OTLP, PROTOCOL_ANSWER_CONNECT, PROTOCOL_ANSWER_TEXT };

struct protocol_upload;
struct protocol {
    const char *path;
    enum protocol_answer answer;
    // Looks at headers and address, before the body. May refuse.
    void (*begin)(struct protocol_upload *upload, struct MHD_Connection *connection);
    // Makes uploads of the complete body, or refuses. Takes as long as reading all profiles.
    void (*read)(struct protocol_upload *upload);
    void (*forget)(void *own); // what begin left in upload->own
};
struct protocol_upload {
    const struct protocol *protocol;
    struct made_uploads made;
    struct request_body body;
    struct merge_budget *budget;
    void *own;        // the protocol's
    size_t own_bytes; // of the budget, that it holds beside the body
};

// NULL: no protocol has this path.
const struct protocol *protocol_of(const char *path);

// budget: of all these uploads together. NULL: no memory.
struct protocol_upload *protocol_upload_new(const struct protocol *protocol, struct store *store, struct MHD_Connection *connection,
                                            struct merge_budget *budget, size_t max_body_bytes);
// Returns false if the client sends far more than allowed: drop the connection.
bool protocol_upload_data(struct protocol_upload *upload, const char *bytes, size_t size);
// The body is complete. Takes as long as reading all profiles. Calls done once, from this or another thread, when all uploads are durable
// or refused.
void protocol_upload_finish(struct protocol_upload *upload, void (*done)(void *context), void *context);
// RECEIVER_OK: stored. Else *reason has the cause, which lives as long as upload; of several uploads some may be stored.
enum receiver_error protocol_upload_result(const struct protocol_upload *upload, const char **reason);
void protocol_upload_free(struct protocol_upload *upload); // NULL is allowed

// ---- For protocols ----

// What reading the body came to, if nothing was refused before: what is the cause in words of the sender ("a request with profiles").
void protocol_upload_fault(struct protocol_upload *upload, enum merge_error error, const struct merge_fault *fault, const char *what);

extern const struct protocol protocol_otlp, protocol_pyroscope_push, protocol_pyroscope_ingest;

#endif
