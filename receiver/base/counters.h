// counters.h: what the receiver counts of itself since its start, for /metrics.
//
// Threads: any; counters are atomic and relaxed, since each stands for itself. Memory: the struct.
#ifndef CMEMPROF_RECEIVER_COUNTERS_H
#define CMEMPROF_RECEIVER_COUNTERS_H

#include "error.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

// Why an upload is refused, beside the causes of error.h.
enum counters_refusal {
    COUNTERS_UNAUTHORIZED = RECEIVER_ERROR_COUNT, // 401
    COUNTERS_FORBIDDEN,                           // 403
    COUNTERS_GUESSING,                            // 429
    COUNTERS_METHOD,                              // 405
    COUNTERS_CUT,                                 // the connection ended before the request did
    COUNTERS_OUTCOMES
};

enum { COUNTERS_BUCKETS = 12 };
extern const double counters_bucket_seconds[COUNTERS_BUCKETS]; // upper bounds, rising

struct counters {
    atomic_ullong stored;                        // uploads
    atomic_ullong outcomes[COUNTERS_OUTCOMES];   // requests with uploads, by enum receiver_error and enum counters_refusal
    atomic_ullong body_bytes;                    // of all requests
    atomic_ullong commits[COUNTERS_BUCKETS + 1]; // uploads by the time from their last byte to the commit; the last one: longer
    atomic_ullong commit_ns;                     // sum
    atomic_ullong storing_ns;                    // that the thread which commits them was busy
    atomic_uint committing;                      // uploads that wait for their commit
};

static inline void counters_add(atomic_ullong *counter, uint64_t count) {
    atomic_fetch_add_explicit(counter, count, memory_order_relaxed);
}
static inline uint64_t counters_get(atomic_ullong *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}
void counters_committed(struct counters *counters, uint64_t ns);
const char *counters_outcome_name(size_t outcome); // "disk_full"; RECEIVER_OK: "accepted"

#endif
