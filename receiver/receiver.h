// receiver.h: takes profile uploads as a Datadog Agent does, keeps them on disk and serves the page that shows them.
//
// A receiver listens on one address and owns one data directory (docs/receiver.md has the layout and the HTTP interface). Uploads
// stay as they came, byte for byte; an SQLite index beside them says what they are. What a client sends is data, never a path and never
// trusted.
//
// Errors: enum receiver_error, 0 is ok; the caller's text buffer names the cause ("127.0.0.1:8126: address already in use").
// Threads: receiver_start and receiver_stop belong to one thread. Inside, two threads speak HTTP with all connections and never wait for
// the disk or a profile; what may take time is handed to others (thread_pool.h, group_commit.h, maintenance.c), while its connection is
// suspended. Memory: malloc. Never prints, never handles signals.
#ifndef CMEMPROF_RECEIVER_H
#define CMEMPROF_RECEIVER_H

#include "../merge/merge.h"
#include "base/error.h"
#include "base/symbols.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECEIVER_VERSION "0.1.0"

struct receiver_options {
    const char *listen;                     // "127.0.0.1:8126", "[::1]:0", "unix:/run/x.sock"; NULL: 127.0.0.1:8126; port 0: a free one
    const char *data_directory;             // made if it is not there
    size_t max_body_bytes;                  // of one upload; 0: 64 MiB
    int64_t retention_ms;                   // uploads that came earlier than that ago are removed with their files; 0: never for their age
    uint64_t retention_bytes;               // the oldest are removed while all are larger; 0: never for their size
    const struct receiver_symbols *symbols; // lives as long as the receiver; NULL: names are those of the profiles
    // Tokens: for everything, for sending uploads, for all else. A request needs one that fits; all NULL: it needs none, and only this
    // machine is served. One for sending needs another one for reading beside it; with one for reading alone anybody may send.
    const char *token, *send_token, *read_token;
};

struct receiver;

// text (may be NULL) gets one line on failure. A data directory is used by one receiver at a time.
enum receiver_error receiver_start(const struct receiver_options *options, struct receiver **receiver, char *text, size_t text_size);
// Ends all connections and closes the index. NULL is fine.
void receiver_stop(struct receiver *receiver);
uint16_t receiver_port(const struct receiver *receiver);
const char *receiver_note(const struct receiver *receiver); // what had to be repaired at the start, one line; "": nothing
const char *receiver_url(const struct receiver *receiver);  // "http://127.0.0.1:8126/", or "unix:PATH"

#endif
