// cpu_signal.h (cpu): stands in front of the handler of SIGPROF, which is Go's, and sees each signal with all that the kernel says of it.
//
// A signal that is not taken goes on to the handler that was there, unchanged. If somebody else has put a handler in front of this one, it
// stays where it is and passes all on, and is not put there again: theirs may pass on to this one, and it must not pass on to theirs.
//
// Threads: start and stop one at a time; the handler runs on any. No lock, no allocation. Memory: none.
#ifndef CMEMPROF_CPU_SIGNAL_H
#define CMEMPROF_CPU_SIGNAL_H

#include <signal.h>
#include <stdbool.h>

#include "namespace.h"

// Returns true if it has taken the signal. Must be safe in a signal handler; errno is kept for it.
typedef bool cpu_signal_take(const siginfo_t *info, const void *context);

// Returns false, with nothing changed, if there is no handler that it could pass on to, or not again, as above.
bool cpu_signal_start(cpu_signal_take *take);
void cpu_signal_stop(void);

#endif
