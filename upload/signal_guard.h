// signal_guard.h: keeps SIGPIPE and SIGXFSZ away from the process while this thread writes to sockets and files.
//
// Either would end a service that did not ask for it: SIGPIPE when the server hangs up, SIGXFSZ when a file would grow over the limit of
// `ulimit -f`. Their handlers belong to the whole process and are not ours to change (libcurl's own way, without CURLOPT_NOSIGNAL, does). A
// signal mask belongs to the thread, and both are sent to the thread that wrote: block them, and take away what our writing raised. What
// was already pending before belongs to somebody else and stays.
//
// Threads: any; begin and end on the same one. Memory: only the struct.
#ifndef CMEMPROF_UPLOAD_SIGNAL_GUARD_H
#define CMEMPROF_UPLOAD_SIGNAL_GUARD_H

#include <signal.h>
#include <stdbool.h>

#include "namespace.h"

struct upload_signal_guard {
    sigset_t previous_mask, taken; // taken: those that were not pending before
    bool blocked;
};

void upload_signal_guard_begin(struct upload_signal_guard *guard);
void upload_signal_guard_end(struct upload_signal_guard *guard);

#endif
