// time_encode.h: a profile of what a period has gathered (time_profile.h), named.
//
// Sample types: cpu-samples/count, cpu-time/nanoseconds; of Python also wall-samples/count and wall-time/nanoseconds (CPU and waiting), and
// exception-samples/count, lock-acquire/count, lock-acquire-wait/nanoseconds, lock-release/count, lock-release-hold/nanoseconds if there
// were any. The names are those of ddtrace's profiles of Python (libdatadog's). Labels: "thread id" (the kernel's), "thread name";
// "exception type"; "task name" of asyncio; "span id", "local root span id", "trace endpoint" of a tracer.
// CPU time of the process that no sample stands for is the sample "(CPU time not sampled)", that of the profiler's own threads "cmemprof".
//
// Threads: one, not inside malloc or signal handlers; takes the naming lock. Memory: malloc during the call.
#ifndef CMEMPROF_PRELOAD_TIME_ENCODE_H
#define CMEMPROF_PRELOAD_TIME_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "../cmemprof/cmemprof.h"
#include "time_state.h"

// bytes: uncompressed.
enum cmemprof_error time_encode(const struct time_state *state, const struct time_taken *taken, struct mapped_buffer *bytes, size_t *size);

#endif
