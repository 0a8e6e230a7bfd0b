// upload.h: sends one batch of profiles to a Datadog Agent (or anything that takes its uploads, as our receiver does).
//
// A batch is one multipart/form-data POST to <url>, one part per attachment, as dd-trace-go sends it: field name and filename equal,
// Content-Type application/octet-stream, and last the part "event" (filename event.json, application/json).
//
// Safety: only http and https, no redirect is followed (an API key must never follow one), no signals (CURLOPT_NOSIGNAL, and SIGPIPE is
// blocked on the calling thread while it sends), connect and total time-outs, proxies as libcurl takes them from the environment but none
// for localhost, 127.0.0.0/8 and [::1]: there the Agent lives, and Go's own client goes there directly too.
// Threads: any; each call is on its own. It blocks the caller until the answer, a time-out or upload_cancel. Not after fork. Not from
// malloc.
#ifndef CMEMPROF_UPLOAD_H
#define CMEMPROF_UPLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

enum upload_error {
    UPLOAD_OK = 0, // the server answered 2xx
    UPLOAD_NO_MEMORY,
    UPLOAD_BAD_URL,     // not an http or https URL
    UPLOAD_BAD_REQUEST, // a missing name or body, a header with a line break, a negative time-out
    UPLOAD_UNREACHABLE, // no connection: refused, no such host, no such socket
    UPLOAD_TIMEOUT,     // a time-out passed
    UPLOAD_INTERRUPTED, // the connection broke before the answer was complete
    UPLOAD_CANCELLED,   // upload_cancel
    UPLOAD_REJECTED,    // the server answered, but not 2xx: status tells
    UPLOAD_TLS,         // certificate or handshake
    UPLOAD_ERROR_COUNT
};
const char *upload_error_text(enum upload_error error); // "no connection" for UPLOAD_UNREACHABLE. Never NULL.

struct upload_attachment {
    const char *name; // "delta-heap.pprof"
    const void *bytes;
    size_t size;
};

struct upload_request {
    const char *url;            // "http://127.0.0.1:8126/profiling/v1/input"
    const char *unix_socket;    // path, or NULL for TCP
    const char *const *headers; // "Name: value", count of them
    size_t header_count;
    const struct upload_attachment *attachments;
    size_t attachment_count;
    const void *event; // event.json
    size_t event_size;
    long connect_timeout_ms, total_timeout_ms; // 0: 5,000 and 10,000
};

struct upload_result {
    enum upload_error error;
    long status;    // HTTP status, 0 without an answer
    char text[512]; // one line for a log: libcurl's words, or the start of the server's answer
};

// A way to end a running call from another thread. Zero-initialised is ready; once cancelled it stays so.
struct upload_cancel {
    int cancelled; // atomic; use upload_cancel_now
};
void upload_cancel_now(struct upload_cancel *cancel);

// cancel may be NULL. The call returns at most a second after it was cancelled.
void upload_send(const struct upload_request *request, struct upload_cancel *cancel, struct upload_result *result);

#endif
