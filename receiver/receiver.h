// receiver.h: accepts profile uploads as a Datadog Agent does, stores them on disk and serves the page that shows them.
//
// A receiver listens on one address and owns one data directory (docs/receiver.md has the layout and the HTTP interface). Uploads are
// stored as received, byte for byte, with an SQLite index. What a client sends is data, never a path, and never trusted.
//
// Errors: enum receiver_error, 0 is ok; the caller's text buffer gets the cause ("127.0.0.1:8126: address already in use").
//
// Threads: receiver_start and receiver_stop belong to one thread. Inside, two threads speak HTTP for all connections and never wait for the
// disk or a profile. Slow work is done by others (thread_pool.h, group_commit.h, maintenance.c) while its connection is suspended. Memory:
// malloc. Never prints, never handles signals.
#ifndef CMEMPROF_RECEIVER_H
#define CMEMPROF_RECEIVER_H

#include "../merge/merge.h"
#include "base/answerer.h"
#include "base/error.h"
#include "base/machine_code.h"
#include "base/symbols.h"
#include "../upload/upload.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Sends batches to one address: a connection that the receiver itself may not open. send gets the attachments, batch_headers and event of a
// request, and blocks; for one thread at a time. After cancel, from any thread, it returns soon, for good.
struct receiver_outlet {
    void (*send)(void *sender, const struct upload_request *request, struct upload_result *result);
    void (*cancel)(void *sender);
    uint64_t (*restarts)(void *sender); // of the process that sends; NULL: it has none
    void *sender;
    const char *name; // of the address, for messages; without passwords
};

// Where stored uploads are forwarded to.
enum receiver_target_kind { RECEIVER_TARGET_DATADOG, RECEIVER_TARGET_OTLP, RECEIVER_TARGET_PYROSCOPE };
struct receiver_target {
    enum receiver_target_kind kind;
    struct receiver_outlet outlet;
    const char *key;        // what it is told apart by, from start to start: no other target ever has it
    const char *former_key; // by which the former version may have told it; NULL: none, or it is another target's key
};

// What who has a token may do.
enum receiver_role {
    RECEIVER_UPLOADS = 1, // send uploads, what an Agent takes, and symbols
    RECEIVER_READS = 2,   // the page and the JSON interface
    RECEIVER_ADMIN = 4,   // change what is stored
    RECEIVER_ALL = RECEIVER_UPLOADS | RECEIVER_READS | RECEIVER_ADMIN
};
enum { RECEIVER_TOKENS_MAX = 64 };
struct receiver_token {
    const char *token;
    unsigned roles; // a set of enum receiver_role
};

// A folder with source files: from/x of profiles is directory/x here. from NULL: a file of profiles has the same path here, if that is
// below the directory, or a path without a folder before it, below the directory.
struct receiver_source {
    const char *from;
    const char *directory; // as realpath has it
};
struct receiver_sources {
    const struct receiver_source *list;
    size_t count;
};

struct receiver_options {
    const char *listen;                     // "127.0.0.1:8126", "[::1]:0", "unix:/run/x.sock"; NULL: 127.0.0.1:8126; port 0: a free one
    int listen_socket;                      // that listens already, in the place of listen; 0: none
    const char *data_directory;             // created if missing
    size_t max_body_bytes;                  // of one upload; 0: 64 MiB
    int64_t retention_ms;                   // older uploads are removed, by their arrival; 0: no limit of age
    uint64_t retention_bytes;               // the oldest are removed while all together are larger; 0: no limit of size
    int64_t pack_after_ms;                  // uploads that are older, by their arrival, are packed; 0: none
    size_t view_memory_bytes;               // of all views that are made at once; 0: 1 GiB
    size_t index_memory_bytes;              // the oldest are removed while the index takes more; 0: 1 GiB
    const struct receiver_symbols *symbols; // must outlive the receiver; NULL: names are those of the profiles
    const struct owner_pairs *pairs;        // that owners know beside the built-in ones; must outlive the receiver; NULL: none
    struct receiver_sources sources;        // whose lines the page may show; must outlive the receiver
    const struct machine_code *code;        // whose instructions it may show; must outlive the receiver; NULL: none
    // A request needs one that may do what it asks for. Sending needs none where none may send; else one of them must be able to read. No
    // tokens: none is needed, and only this machine is served.
    const struct receiver_token *tokens;
    size_t token_count;                           // RECEIVER_TOKENS_MAX at most
    const char *tls_certificate, *tls_key;        // files in PEM form: HTTPS alone; NULL, both: HTTP alone
    const struct receiver_outlet *webhook;        // gets new findings as JSON; must outlive the receiver; NULL: none
    const struct receiver_target *const *targets; // must outlive the receiver
    size_t target_count;
    int64_t forward_age_ms;      // uploads that arrived longer ago are not forwarded any more; 0: as long as they are stored
    const char *access_log;      // a file that gets a line for each request; "-": standard output; NULL: none
    const char *page_url;        // for its links; NULL: where the receiver listens
    const char *base_path;       // "/profiles": it is reached below that, too; NULL: none
    receiver_answerer *answerer; // of POST /mcp; NULL: there is no such path
    int64_t analysis_ms;         // how often findings are looked for; 0: 5 minutes
    // One line about what nobody waits for, from any thread. NULL: nobody wants it.
    void (*on_message)(const char *text);
};

struct receiver;

// Makes the data directory if missing, as receiver_start does, for a process that restricts itself before.
void receiver_make_directory(const char *data_directory);
// text (may be NULL) gets one line on failure. One receiver at a time may use a data directory.
enum receiver_error receiver_start(const struct receiver_options *options, struct receiver **receiver, char *text, size_t text_size);
// Reads files that it was given (the certificate and its key) again, and opens the access log anew, soon, on another thread. Returns
// whether there are any.
bool receiver_reload(struct receiver *receiver);
// Closes all connections and the index. NULL is allowed.
void receiver_stop(struct receiver *receiver);
uint16_t receiver_port(const struct receiver *receiver);
const char *receiver_note(const struct receiver *receiver); // what was repaired at the start, one line; "": nothing
const char *receiver_url(const struct receiver *receiver);  // "http://127.0.0.1:8126/", or "unix:PATH"

#endif
