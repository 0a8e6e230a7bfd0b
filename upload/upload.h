// upload.h: sends batches of profiles to a Datadog Agent, to Datadog's intake, or to anything that takes their uploads, as our receiver
// does.
//
// A batch is one multipart/form-data POST to <url>, one part per attachment, as dd-trace-go sends it: field name and filename equal,
// Content-Type application/octet-stream, and last the part "event" (filename event.json, application/json).
//
//     upload_queue_add ──► queue of batches ──► upload_queue_next ──► upload_client_send ──► upload_queue_settle: delivered, again later,
//                               │    ▲                                                         in the spool, or lost and counted
//                               ▼    │
//                          spool: a directory, one file a batch (optional)
//
// The queue knows when and what, the client how; neither has a thread. Whoever owns them has one that goes around this circle. With the
// build tag cmemprof_no_libcurl the client is left out, and Go's net/http sends.
//
// Safety: only http and https, no redirect is followed (an API key must never follow one), certificates are verified (SSL_CERT_FILE and
// SSL_CERT_DIR hold, as in Go), no signals (CURLOPT_NOSIGNAL, and SIGPIPE is blocked on the calling thread while it sends), connect and
// total time-outs, proxies as libcurl takes them from the environment, and HTTP_PROXY as Go does, but none for localhost, 127.0.0.0/8 and
// [::1]: there the Agent lives, and Go's own client goes there directly too.
#ifndef CMEMPROF_UPLOAD_H
#define CMEMPROF_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

// ---- Results ----

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
    UPLOAD_FORKED,      // the client belongs to the process before fork
    UPLOAD_ERROR_COUNT
};
const char *upload_error_text(enum upload_error error); // "no connection" for UPLOAD_UNREACHABLE. Never NULL.

struct upload_result {
    enum upload_error error;
    long status;             // HTTP status, 0 without an answer
    uint64_t retry_after_ms; // the server asks to be left alone for so long; 0: it does not
    char text[512];          // one line for a log: libcurl's words, or the start of the server's answer
};

// From the values of the headers Retry-After and Date (NULL: not there) to milliseconds, 0 if they say nothing. A date is counted from the
// server's own Date, so that no clock of ours matters; without one from unix_s. At most an hour.
uint64_t upload_retry_after_ms(const char *retry_after, const char *date, int64_t unix_s);

// ---- What is sent ----

struct upload_attachment {
    const char *name; // "delta-heap.pprof"
    const void *bytes;
    size_t size;
};

struct upload_request {
    const char *url;            // "http://127.0.0.1:8126/profiling/v1/input"
    const char *unix_socket;    // path, "@name" for an abstract one, or NULL for TCP
    const char *const *headers; // "Name: value", count of them
    size_t header_count;
    long connect_timeout_ms, total_timeout_ms; // 0: half of the total, 5,000 at least, and 10,000

    // The batch.
    const struct upload_attachment *attachments;
    size_t attachment_count;
    const char *const *batch_headers; // headers that go with this batch wherever it goes from, into the spool too: not the API key
    size_t batch_header_count;
    const void *event; // event.json
    size_t event_size;
};

// A batch with memory of its own: one block, which is also what a file of the spool holds. Threads: one at a time.
struct upload_batch;
struct upload_batch *upload_batch_new(const struct upload_request *request);              // copies its batch; NULL: no memory, or no event
void upload_batch_fill(const struct upload_batch *batch, struct upload_request *request); // points to the batch's memory
void upload_batch_free(struct upload_batch *batch);                                       // NULL is fine

// ---- The client ----

// A way to end a running call from another thread. Zero-initialised is ready; once cancelled it stays so.
struct upload_cancel {
    int cancelled; // atomic; use upload_cancel_now
};
void upload_cancel_now(struct upload_cancel *cancel);

// Keeps one connection to the server for the next batch. Threads: one at a time for each client; sending blocks until the answer, a
// time-out or upload_cancel. After fork the child gets UPLOAD_FORKED, and closing there only forgets. Not from malloc.
struct upload_client;
struct upload_client *upload_client_open(void); // NULL: no memory
// cancel may be NULL. The call returns at most a second after it was cancelled.
void upload_client_send(struct upload_client *client, const struct upload_request *request, struct upload_cancel *cancel,
                        struct upload_result *result);
void upload_client_close(struct upload_client *client); // NULL is fine

// ---- The queue ----

// Batches on their way, oldest first, and what becomes of one that could not be sent.
//
// Tried again is what may be better the next time: no connection, time-outs, broken connections, TLS, 3xx, 408, 429, 5xx. Any other answer
// is final. Pauses double from a 16th of a period (a second at most) to half a period (30 seconds at most), each shortened by up to half by
// chance, or last as long as Retry-After says. They are the server's, not the batch's: what comes in while it is away waits too.
// A batch that the server failed at is tried for one period; one that it never saw, until newer ones need its place.
//
// With a spool every batch is on disk before it is sent, and its file goes when the server has taken it. What could not be sent is left
// there at the first failure, and so is what comes in until the server is back; then they are sent, oldest first, but one that the server
// fails at lets the others go before, and is given up when that was ten times for nothing. Final is only an answer to the batch itself
// (400, 413 and so on): what the server says to anybody (401, 403, 404, 405, 407) and a wrong URL of this process must not empty the spool.
// What cannot be written waits in memory as without a spool.
//
// Threads: any; calls for one queue wait for each other, for as long as writing a file of the spool takes. Time: CLOCK_MONOTONIC only.
// Memory: malloc; max_batches and max_bytes, and what is with the owner between next and settle.
struct upload_queue;

struct upload_queue_options {
    size_t max_batches;   // 0: 5, as dd-trace-go's
    uint64_t max_bytes;   // 0: 64 MiB; a single batch may be larger
    uint64_t period_ns;   // how often batches come; 0: a minute
    const char *spool;    // directory, made if it is not there (its parent must be); NULL: none
    uint64_t spool_bytes; // on disk, in blocks of 4 KiB; over it the oldest is deleted. 0: 256 MiB
    // For tests; NULL: CLOCK_MONOTONIC and the kernel's random numbers.
    uint64_t (*now_ns)(void *context);
    uint64_t (*random)(void *context);
    void *context;
};

// Each batch that was added is, in the end, in one of sent, failed, dropped, spool_dropped, spool_damaged, or lies in the spool.
struct upload_counts {
    uint64_t sent;          // batches that the server took
    uint64_t sent_bytes;    // of them, as a file of the spool has them
    uint64_t failed;        // given up: the server's answer was final, or it failed at the batch too long, too often, or at each last try
    uint64_t dropped;       // given up: newer ones needed the place, or the time to send was over
    uint64_t retried;       // sendings of what was tried before
    uint64_t spooled;       // could not be sent at once, and were left to the spool
    uint64_t spool_sent;    // of sent, those that were left there; by other processes too
    uint64_t spool_dropped; // files deleted because the spool was full
    uint64_t spool_damaged; // files deleted because they were cut or damaged
    uint64_t spool_errors;  // files that could not be written or deleted; upload_queue_spool_error tells why
};

// NULL: no memory. A spool that cannot be used is an error of the spool: the queue works without it, and upload_queue_spool_error tells.
struct upload_queue *upload_queue_open(const struct upload_queue_options *options);
// Takes the batch. Never waits for the network.
void upload_queue_add(struct upload_queue *queue, struct upload_batch *batch);

// The batch that is to be sent now; it is the caller's until upload_queue_settle. NULL: none, and *wait_ns tells how long to wait before
// asking again, UINT64_MAX: until something is added.
struct upload_batch *upload_queue_next(struct upload_queue *queue, uint64_t *wait_ns);

enum upload_outcome {
    UPLOAD_OUTCOME_SENT,
    UPLOAD_OUTCOME_WAITS,   // tried again later
    UPLOAD_OUTCOME_SPOOLED, // left to the spool just now; one that came from there only waits
    UPLOAD_OUTCOME_PUT_OFF, // the server fails at this one, but takes others; it waits in the spool
    UPLOAD_OUTCOME_FAILED,
    UPLOAD_OUTCOME_DROPPED,
};
enum upload_outcome upload_queue_settle(struct upload_queue *queue, struct upload_batch *batch, const struct upload_result *result);

// What is in memory is tried up to three times more within limit_ns, with short pauses; then upload_queue_next has nothing. The spool
// stays.
void upload_queue_finish(struct upload_queue *queue, uint64_t limit_ns);
// What is still in memory is left to the spool, or dropped. No batch may be with the owner.
void upload_queue_empty(struct upload_queue *queue);
// Empties the queue and frees it. counts may be NULL.
void upload_queue_close(struct upload_queue *queue, struct upload_counts *counts);

void upload_queue_counts(struct upload_queue *queue, struct upload_counts *counts);
// Why the spool could not be opened, or a file not be written or deleted, the last time; "" if that never happened.
void upload_queue_spool_error(struct upload_queue *queue, char *text, size_t size);

// Is the directory, if it is there, one that only this user, a group of this process, and root can write into? Else text says what is
// wrong, and no queue uses it.
bool upload_spool_check(const char *directory, char *text, size_t size);

// "no connection: ..." of a result, for a log. agent: the URL is an Agent's, for which 404 has a meaning.
void upload_result_describe(const struct upload_result *result, bool agent, char *text, size_t size);

#endif
