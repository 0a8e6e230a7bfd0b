// policy.h: the retry policy: what a result means for the batch, and how long to pause. Threads: any. Memory: none.
#ifndef CMEMPROF_UPLOAD_POLICY_H
#define CMEMPROF_UPLOAD_POLICY_H

#include "namespace.h"
#include "upload.h"

enum upload_verdict {
    UPLOAD_VERDICT_SENT,
    UPLOAD_VERDICT_FINAL,      // the batch is refused; a retry would not help
    UPLOAD_VERDICT_NOT_HERE,   // this sender or this address is refused, for any batch, until the configuration changes
    UPLOAD_VERDICT_AWAY,       // the server did not process the batch
    UPLOAD_VERDICT_FAILED_AT,  // the server may have failed because of this batch
    UPLOAD_VERDICT_BROKEN_OFF, // cancelled on our side
};

enum upload_verdict upload_policy_verdict(const struct upload_result *result);

// The pause after `failures` consecutive failures, at least 1. random: 64 random bits.
uint64_t upload_policy_pause_ns(uint64_t period_ns, unsigned failures, uint64_t random);
// The pause after upload_queue_finish.
uint64_t upload_policy_last_pause_ns(unsigned failures, uint64_t random);

#endif
