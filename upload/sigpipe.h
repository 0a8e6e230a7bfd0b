// sigpipe.h: keeps SIGPIPE away from the process while this thread writes to sockets.
//
// libcurl's own way (without CURLOPT_NOSIGNAL) changes the handler of the whole process, which is not ours to change. A signal mask belongs
// to the thread, and SIGPIPE is sent to the thread that wrote: block it, and take it away again if our writing raised it. One that was
// already pending before belongs to somebody else and stays.
//
// Threads: any; begin and end on the same one. Memory: only the struct.
#ifndef CMEMPROF_UPLOAD_SIGPIPE_H
#define CMEMPROF_UPLOAD_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

#include "namespace.h"

struct upload_sigpipe {
    sigset_t previous_mask;
    bool was_pending, blocked;
};

void upload_sigpipe_begin(struct upload_sigpipe *guard);
void upload_sigpipe_end(struct upload_sigpipe *guard);

#endif
