// ticker.h: the thread that looks at the program's threads for the time profile (time_profile.h).
//
// Its pauses are random around a period, so that it does not keep step with what the program does at intervals. They grow where looks take
// long, so that it costs little, and to eight periods while the program does not run. It blocks all signals.
//
// Threads: one. Memory: its stack.
#ifndef CMEMPROF_PRELOAD_TICKER_H
#define CMEMPROF_PRELOAD_TICKER_H

#include <stdbool.h>

// Returns false if there can be no thread. It ends when the time profile is stopped.
bool ticker_start(unsigned hz);

#endif
