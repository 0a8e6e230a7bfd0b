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
#include "base/error.h"
#include "base/symbols.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct receiver_options {
    const char *listen;                     // "127.0.0.1:8126", "[::1]:0", "unix:/run/x.sock"; NULL: 127.0.0.1:8126; port 0: a free one
    const char *data_directory;             // created if missing
    size_t max_body_bytes;                  // of one upload; 0: 64 MiB
    int64_t retention_ms;                   // older uploads are removed, by their arrival; 0: no limit of age
    uint64_t retention_bytes;               // the oldest are removed while all together are larger; 0: no limit of size
    size_t view_memory_bytes;               // of all views that are made at once; 0: 1 GiB
    size_t index_memory_bytes;              // the oldest are removed while the index takes more; 0: 1 GiB
    const struct receiver_symbols *symbols; // must outlive the receiver; NULL: names are those of the profiles
    // Tokens: for everything, for sending uploads, for all else. A request needs a matching one. All NULL: none is needed, and only this
    // machine is served. A send token needs another token for reading beside it; with a read token alone, anybody may send.
    const char *token, *send_token, *read_token;
};

struct receiver;

// Makes the data directory if missing, as receiver_start does, for a process that restricts itself before.
void receiver_make_directory(const char *data_directory);
// text (may be NULL) gets one line on failure. One receiver at a time may use a data directory.
enum receiver_error receiver_start(const struct receiver_options *options, struct receiver **receiver, char *text, size_t text_size);
// Closes all connections and the index. NULL is allowed.
void receiver_stop(struct receiver *receiver);
uint16_t receiver_port(const struct receiver *receiver);
const char *receiver_note(const struct receiver *receiver); // what was repaired at the start, one line; "": nothing
const char *receiver_url(const struct receiver *receiver);  // "http://127.0.0.1:8126/", or "unix:PATH"

#endif
