// policy.h: what a result means for the batch, and how long to leave the server alone. Threads: any. Memory: none.
#ifndef CMEMPROF_UPLOAD_POLICY_H
#define CMEMPROF_UPLOAD_POLICY_H

#include "namespace.h"
#include "upload.h"

enum upload_verdict {
    UPLOAD_VERDICT_SENT,
    UPLOAD_VERDICT_FINAL,      // it will be the same the next time
    UPLOAD_VERDICT_NOT_HERE,   // not from us, or not at this address: it will be the same for any batch until somebody changes that
    UPLOAD_VERDICT_AWAY,       // the server did not look at the batch
    UPLOAD_VERDICT_FAILED_AT,  // the server may have failed because of this batch
    UPLOAD_VERDICT_BROKEN_OFF, // by us
};

enum upload_verdict upload_policy_verdict(const struct upload_result *result);

// The pause after so many failures in a row, at least 1. random: any 64 bits.
uint64_t upload_policy_pause_ns(uint64_t period_ns, unsigned failures, uint64_t random);
// The same once the queue is to be finished.
uint64_t upload_policy_last_pause_ns(unsigned failures, uint64_t random);

#endif
