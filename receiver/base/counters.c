// counters.c: counts what the receiver does (counters.h).
#include "counters.h"

const double counters_bucket_seconds[COUNTERS_BUCKETS] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};

void counters_committed(struct counters *counters, uint64_t ns) {
    size_t bucket = 0;
    while (bucket < COUNTERS_BUCKETS && (double)ns > counters_bucket_seconds[bucket] * 1e9) {
        bucket++;
    }
    counters_add(&counters->commits[bucket], 1);
    counters_add(&counters->commit_ns, ns);
}

const char *counters_outcome_name(size_t outcome) {
    static const char *const names[COUNTERS_OUTCOMES] = {
        [RECEIVER_OK] = "accepted",
        [RECEIVER_NO_MEMORY] = "no_memory",
        [RECEIVER_BAD_INDEX] = "index_damaged",
        [RECEIVER_DISK_FULL] = "disk_full",
        [RECEIVER_BAD_UPLOAD] = "malformed",
        [RECEIVER_TOO_LARGE] = "too_large",
        [RECEIVER_BUSY] = "busy",
        [RECEIVER_READ_ONLY] = "read_only",
        [RECEIVER_DIRECTORY_GONE] = "directory_gone",
        [RECEIVER_IO] = "disk_error",
        [COUNTERS_UNAUTHORIZED] = "unauthorized",
        [COUNTERS_FORBIDDEN] = "forbidden",
        [COUNTERS_GUESSING] = "wrong_tokens",
        [COUNTERS_METHOD] = "wrong_method",
        [COUNTERS_CUT] = "cut",
    };
    return outcome < COUNTERS_OUTCOMES && names[outcome] ? names[outcome] : "other";
}
