// storage.h: what uploads take, how many come, and which of one machine's limits is near: /api/storage and the page.
//
// How many uploads a second this machine can store is measured: those stored since the start, by the time that the thread that stores them
// was busy. It is a lower bound, since more are stored in one go where more come.
//
// Threads: storage_note one; the others any. Memory: the structs.
#ifndef CMEMPROF_RECEIVER_STORAGE_H
#define CMEMPROF_RECEIVER_STORAGE_H

#include "../base/counters.h"
#include "store.h"

#include <pthread.h>

enum { STORAGE_NOTES = 13, STORAGE_NOTE_MS = 5000 }; // the last minute

struct storage_note {
    int64_t now_ms; // monotonic
    uint64_t stored, busy_ns;
};

struct storage_load {
    pthread_mutex_t lock;
    struct storage_note notes[STORAGE_NOTES]; // guarded by lock, as the next: a ring
    size_t count;                             // so far
};

void storage_load_init(struct storage_load *load);
void storage_load_destroy(struct storage_load *load);
// Called more often than STORAGE_NOTE_MS; keeps what it needs.
void storage_load_note(struct storage_load *load, struct storage_note note);

struct storage_rate {
    double per_second, busy; // in the last minute, or since the start; busy: of the time. NAN: it has just started
    double possible;         // uploads a second; NAN: too few were stored
};
struct storage_rate storage_load_rate(struct storage_load *load, struct storage_note now);

// What is at 80 % or more of what there is.
enum storage_near {
    STORAGE_NEAR_RETENTION = 1, // the size that --retention allows, so that uploads are removed before they have its age
    STORAGE_NEAR_DISK = 2,      // uploads and what is free on their disk, where that is less
    STORAGE_NEAR_INDEX = 4,     // the memory of the index
    STORAGE_NEAR_UPLOADS = 8,   // the time of the thread that stores
    STORAGE_NEAR_PINS = 16      // what pins may take of the size that --retention allows; beyond it, less is kept of all else
};
struct storage_state {
    uint64_t bytes, limit_bytes, free_bytes; // limit_bytes 0: none
    uint64_t pinned_bytes;                   // of bytes
    int64_t oldest_ms, now_ms, retention_ms; // oldest_ms: of what is not pinned; 0: there is none; retention_ms 0: no limit
    size_t index_bytes, index_limit_bytes;   // index_limit_bytes 0: none
    struct storage_rate rate;
};
unsigned storage_near(const struct storage_state *state); // a set of enum storage_near

void storage_tick(struct store *store, int64_t now_ms);                        // of storage_load_note; monotonic
void storage_describe(struct store *store, int64_t now_ms, struct json *json); // {"uploads":7,...}: docs/receiver.md, Storage

#endif
