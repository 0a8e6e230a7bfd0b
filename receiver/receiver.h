// receiver.h: takes profile uploads as a Datadog Agent does, keeps them on disk and serves the page that shows them.
//
// A receiver listens on one loopback address and owns one data directory (docs/receiver.md has the layout and the HTTP interface). Uploads
// stay as they came, byte for byte; an SQLite index beside them says what they are. What a client sends is data, never a path and never
// trusted.
//
// Errors: enum receiver_error, 0 is ok; the caller's text buffer names the cause ("127.0.0.1:8126: address already in use").
// Threads: receiver_start and receiver_stop belong to one thread. Inside, each connection has its own thread (at most 64), so one large
// profile never holds up the others; the index has one SQLite handle, guarded by one mutex (catalog.h).
// Memory: malloc. Never prints, never handles signals.
#ifndef CMEMPROF_RECEIVER_H
#define CMEMPROF_RECEIVER_H

#include <stddef.h>
#include <stdint.h>

#define RECEIVER_VERSION "0.1.0"

enum receiver_error {
    RECEIVER_OK = 0,
    RECEIVER_NO_MEMORY,
    RECEIVER_BAD_ADDRESS,     // not ADDRESS:PORT
    RECEIVER_NOT_LOOPBACK,    // only 127.0.0.0/8 and ::1 are served: there is no login
    RECEIVER_ADDRESS_IN_USE,  // someone else listens there
    RECEIVER_CANNOT_LISTEN,   // any other refusal of the system: text tells
    RECEIVER_BAD_DIRECTORY,   // cannot be made or written
    RECEIVER_DIRECTORY_TAKEN, // another receiver runs on it
    RECEIVER_BAD_INDEX,       // SQLite cannot use the index
    RECEIVER_DISK_FULL,
    RECEIVER_BAD_UPLOAD, // malformed: text tells the client why
    RECEIVER_TOO_LARGE,
    RECEIVER_NOT_FOUND,
    RECEIVER_IO, // the disk refused
    RECEIVER_ERROR_COUNT
};
const char *receiver_error_text(enum receiver_error error); // "address already in use". Never NULL.

struct receiver_options {
    const char *listen;         // "127.0.0.1:8126", "[::1]:0", "localhost:0"; NULL: 127.0.0.1:8126; port 0: a free one
    const char *data_directory; // made if it is not there
    size_t max_body_bytes;      // of one upload; 0: 64 MiB
    uint32_t keep_uploads;      // the oldest beyond it are removed with their files; 0: 10,000
};

struct receiver;

// text (may be NULL) gets one line on failure. A data directory is used by one receiver at a time.
enum receiver_error receiver_start(const struct receiver_options *options, struct receiver **receiver, char *text, size_t text_size);
// Ends all connections and closes the index. NULL is fine.
void receiver_stop(struct receiver *receiver);
uint16_t receiver_port(const struct receiver *receiver);
const char *receiver_url(const struct receiver *receiver); // "http://127.0.0.1:8126/", lives as long as the receiver

#endif
