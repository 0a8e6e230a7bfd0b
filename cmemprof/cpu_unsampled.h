// cpu_unsampled.h (cpu): samples of calls into C that Go's CPU profile leaves out.
//
// A thread of Go gets its profiling timer when it next takes up a goroutine. One that computes in C since before the profile began has
// none: it gets SIGPROF from the process's timer, and Go drops that (runtime.sigprof: m.profilehz is 0). So an event loop in C is never
// seen. But the traceback is called for these signals, too, and takes the sample that Go drops.
//
// Which ones Go drops is read where Go keeps it: thread-local g (of the system stack, while C runs), g.m, m.profilehz. Offsets are found by
// what is known of them (g.m.g0 is g; profilehz is 0, 100 and 0 before, during and after a profile, on the thread that starts and stops
// it); a place that is not unique, or that does not change as it must, is not used, and nothing is sampled here.
//
// A sample stands for the CPU time of its thread since the thread's last one, and the first one for a period.
//
// Threads: cpu_unsampled_tick in signal handlers of any thread, without a lock or an allocation; the rest one at a time, not in signal
// handlers. Memory: mmap, at the first profile.
#ifndef CMEMPROF_CPU_UNSAMPLED_H
#define CMEMPROF_CPU_UNSAMPLED_H

#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "profiler.h"

// Called around Go's start and stop of a profile, in a call from Go on one thread: before the start, after it, before the stop, after it.
// No effect unless the traceback was started (cpu_traceback.h).
void cpu_unsampled_begin(struct profiler *self);
void cpu_unsampled_began(struct profiler *self, int hz);
void cpu_unsampled_ending(struct profiler *self, int hz);
void cpu_unsampled_end(struct profiler *self);

// A signal has interrupted C code of a thread of Go's. context is the handler's.
void cpu_unsampled_tick(struct profiler *self, struct thread_state *thread, const void *context, struct unwind_trail *scratch);

// The samples since the last begin, once there was an end. Returns NULL behind the last one. slot: 0 at first, then what was set.
const struct cpu_sample *cpu_unsampled_next(const struct profiler *self, size_t *slot);

// The Go addresses of all of these, in their order. Valid until the next begin. *count 0 also if memory ran out.
const uintptr_t *cpu_unsampled_go_pcs(struct profiler *self, size_t *count);

void cpu_unsampled_close(struct profiler *self);
void cpu_unsampled_after_fork_in_child(struct profiler *self);

#endif
