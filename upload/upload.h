// upload.h: sends batches of profiles to a Datadog Agent, to Datadog's intake, or to a compatible server such as `cmemprof receiver`.
//
// A batch is one multipart/form-data POST to <url>, one part per attachment, as dd-trace-go sends it: field name and filename equal,
// Content-Type application/octet-stream, and last the part "event" (filename event.json, application/json).
//
//     upload_queue_add ──► queue of batches ──► upload_queue_next ──► the owner sends it ──► upload_queue_settle: delivered, to be retried,
//                               │    ▲                                                         in the spool, or lost and counted
//                               ▼    │
//                          spool: a directory, one file per batch (optional)
//
// The queue decides what is sent when. It has no thread and no connection: its owner runs this loop on a thread of its own, and sends with
// client/ (libcurl), as the command does, or with Go's net/http, as services do.
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
    UPLOAD_CANCELLED,   // by the sender's owner
    UPLOAD_REJECTED,    // the server's answer is not 2xx: see status
    UPLOAD_TLS,         // certificate or handshake
    UPLOAD_FORKED,      // the client belongs to the parent process
    UPLOAD_ERROR_COUNT
};
const char *upload_error_text(enum upload_error error); // "no connection" for UPLOAD_UNREACHABLE. Never NULL.

struct upload_result {
    enum upload_error error;
    long status;             // HTTP status, 0 without an answer
    uint64_t retry_after_ms; // the pause the server asks for; 0: none
    char text[512];          // one line for a log: the sender's message, or the start of the server's answer
};

// Parses the headers Retry-After and Date (NULL: absent). Returns milliseconds, at most an hour; 0: none. A date in Retry-After is relative
// to the server's own Date, so that the local clock does not matter; without Date it is relative to unix_s.
uint64_t upload_retry_after_ms(const char *retry_after, const char *date, int64_t unix_s);

// ---- What is sent ----

struct upload_attachment {
    const char *name; // "delta-heap.pprof"
    const void *bytes;
    size_t size;
};

struct upload_request {
    const char *url;            // "http://127.0.0.1:8126/profiling/v1/input"
    const char *unix_socket;    // path, "@name" for an abstract socket, or NULL for TCP
    const char *const *headers; // "Name: value", count of them
    size_t header_count;
    long connect_timeout_ms, total_timeout_ms; // defaults for 0: half of the total, at least 5,000; and 10,000

    // The batch.
    const struct upload_attachment *attachments;
    size_t attachment_count;
    const char *const *batch_headers; // headers that belong to the batch and are spooled with it; must not contain the API key
    size_t batch_header_count;
    const void *event; // event.json
    size_t event_size;
    bool is_raw;              // the event is the whole body, of the Content-Type in headers; attachments are not sent. For client/ alone
    const char *certificates; // a PEM file of what is trusted instead of the system's certificates; NULL: those. For client/ alone
};

// A batch that owns its memory: one block, with the contents of a spool file. Threads: one at a time.
struct upload_batch;
struct upload_batch *upload_batch_new(const struct upload_request *request);              // copies its batch; NULL: no memory, or no event
void upload_batch_fill(const struct upload_batch *batch, struct upload_request *request); // sets pointers into the batch
void upload_batch_free(struct upload_batch *batch);                                       // batch may be NULL

// ---- The queue ----

// Queues batches, oldest first, and decides what to do after a failure.
//
// Transient failures are retried: no connection, time-outs, broken connections, TLS, 3xx, 408, 429, 5xx. Any other answer
// is final. Pauses double from 1/16 period (at most 1 s) to half a period (at most 30 s), each shortened by a random 0 to 50 %, or
// follow Retry-After. A pause applies to the server, not to the batch: batches added meanwhile wait too.
// A batch that the server failed at is retried for one period; one that never reached it, until newer ones displace it.
//
// With a spool every batch is on disk before it is sent, and its file is deleted once the server has accepted it. At the first failure a
// batch is left in the spool, as are new ones until the server is back; then they are sent, oldest first. A batch that the server
// fails at yields to the others and is given up after ten strikes. Only an answer about the batch itself (400, 413 and so on) is final:
// refusals of any batch (401, 403, 404, 405, 407) and a wrong URL of this process must not empty the spool.
// Batches that cannot be written wait in memory as without a spool.
//
// Threads: any; calls for one queue are serialized, including the writing of spool files. Time: CLOCK_MONOTONIC only.
// Memory: malloc; max_batches and max_bytes, plus the batch that is with the owner between next and settle.
struct upload_queue;

struct upload_queue_options {
    size_t max_batches;   // 0: 5, as dd-trace-go's
    uint64_t max_bytes;   // 0: 64 MiB; a single batch may be larger
    uint64_t period_ns;   // how often batches come; 0: a minute
    const char *spool;    // directory, created if its parent exists; NULL: none
    uint64_t spool_bytes; // on disk, in blocks of 4 KiB; over it the oldest file is deleted. 0: 256 MiB
    // For tests; NULL: CLOCK_MONOTONIC and the kernel's random numbers.
    uint64_t (*now_ns)(void *context);
    uint64_t (*random)(void *context);
    void *context;
};

// Each added batch is finally counted in exactly one of sent, failed, dropped, spool_dropped, spool_damaged, or is still in the spool.
struct upload_counts {
    uint64_t sent;       // accepted by the server
    uint64_t sent_bytes; // of those, in the format of a spool file
    uint64_t failed;     // given up: the answer was final, or the server failed at the batch too long, too often, or at every last attempt
    uint64_t dropped;    // given up: displaced by newer ones, or the time to send was up
    uint64_t retried;    // attempts after a batch's first
    uint64_t spooled;    // could not be sent at once and were left in the spool
    uint64_t spool_sent; // of sent, those from the spool, whichever process left them
    uint64_t spool_dropped; // files deleted because the spool was full
    uint64_t spool_damaged; // files deleted because they were truncated or damaged
    uint64_t spool_errors;  // files that could not be written or deleted; see upload_queue_spool_error
};

// NULL: no memory. If the spool cannot be used, the queue works without it; see upload_queue_spool_error.
struct upload_queue *upload_queue_open(const struct upload_queue_options *options);
// Takes ownership of the batch. Never waits for the network.
void upload_queue_add(struct upload_queue *queue, struct upload_batch *batch);

// For a process that may be killed at any moment. Reserves disk space in the spool for a batch of up to so many bytes; no effect without a
// spool.
void upload_queue_reserve(struct upload_queue *queue, uint64_t bytes);
// Writes the batch into the spool, into the space reserved if it fits, and holds it there, locked: a later process sends it. Returns false
// if it is not on disk. The batch remains the caller's, who passes it to upload_queue_add, or to upload_queue_forget, which deletes the
// file.
bool upload_queue_keep(struct upload_queue *queue, struct upload_batch *batch);
void upload_queue_forget(struct upload_queue *queue, struct upload_batch *batch); // queue NULL: it is closed, and the file stays

// Returns the batch to send now; the caller holds it until upload_queue_settle. NULL: none; *wait_ns is the time until the next call,
// UINT64_MAX: until a batch is added.
struct upload_batch *upload_queue_next(struct upload_queue *queue, uint64_t *wait_ns);

enum upload_outcome {
    UPLOAD_OUTCOME_SENT,
    UPLOAD_OUTCOME_WAITS,   // will be retried
    UPLOAD_OUTCOME_SPOOLED, // left in the spool now; a batch that came from there is UPLOAD_OUTCOME_WAITS
    UPLOAD_OUTCOME_PUT_OFF, // waits in the spool: the server fails at this one, but accepts others
    UPLOAD_OUTCOME_FAILED,
    UPLOAD_OUTCOME_DROPPED,
};
enum upload_outcome upload_queue_settle(struct upload_queue *queue, struct upload_batch *batch, const struct upload_result *result);

// Batches in memory get up to three more attempts within limit_ns, with short pauses; then upload_queue_next returns none. Spool files
// stay.
void upload_queue_finish(struct upload_queue *queue, uint64_t limit_ns);
// Leaves batches in memory to the spool, or drops them. Caller must have settled all batches.
void upload_queue_empty(struct upload_queue *queue);
// Empties the queue and frees it. counts may be NULL.
void upload_queue_close(struct upload_queue *queue, struct upload_counts *counts);

void upload_queue_counts(struct upload_queue *queue, struct upload_counts *counts);
// The last reason why the spool could not be opened, or a file not be written or deleted; "" if there was none.
void upload_queue_spool_error(struct upload_queue *queue, char *text, size_t size);

// Whether the directory is absent, or writable only by this user, a group of this process, and root. If not, text says why, and
// queues do not use it.
bool upload_spool_check(const char *directory, char *text, size_t size);

// Describes a result for a log: "no connection: ...". agent: the URL is an Agent's, for which 404 has a specific meaning.
void upload_result_describe(const struct upload_result *result, bool agent, char *text, size_t size);

#endif
