// signal_guard.h: suppresses SIGPIPE and SIGXFSZ caused by this thread's writes to sockets and files.
//
// By default either would end the service: SIGPIPE when the server hangs up, SIGXFSZ when a file would exceed `ulimit -f`. Signal handlers
// are process-wide and must not be changed (as libcurl does without CURLOPT_NOSIGNAL). But the signal mask is per thread, and both signals
// are sent to the writing thread: so they are blocked, and consumed if they became pending. Those pending before begin are left pending.
//
// Threads: any; begin and end must be called on the same one. Memory: the struct.
#ifndef CMEMPROF_UPLOAD_SIGNAL_GUARD_H
#define CMEMPROF_UPLOAD_SIGNAL_GUARD_H

#include <signal.h>
#include <stdbool.h>

#include "namespace.h"

struct upload_signal_guard {
    sigset_t previous_mask, taken; // taken: signals not pending at begin, to be consumed
    bool blocked;
};

void upload_signal_guard_begin(struct upload_signal_guard *guard);
void upload_signal_guard_end(struct upload_signal_guard *guard);

#endif
