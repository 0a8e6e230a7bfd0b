// cpu_unsampled.h (cpu): samples of C code that Go's CPU profile leaves out, or keeps without a stack.
//
// A thread of Go gets its profiling timer when it next takes up a goroutine. One that computes in C since before the profile began has
// none: it gets SIGPROF from the process's timer, and Go drops that (runtime.sigprof: m.profilehz is 0). So an event loop in C is never
// seen. Of threads that C has made, Go keeps a thousand words of stacks until one of its own threads gets a signal, and of those that
// have called Go the address alone. So these signals are taken before Go sees them (cpu_signal.h):
//
//   thread                              signals taken, while it runs C        a sample stands for
//   of C, unknown to Go                 of the process's timer                the CPU time of its thread since the last one; the first
//   of Go, without a timer              of the process's timer                one for a period
//   of C, with a timer: has called Go   of both; a sample for its own timer   a period for each expiration of its timer
//   of Go, with a timer                 none
//   of C, with a dead thread's timer    of the process's timer, in C and Go  the CPU time of its thread since the last one (cpu_threads.h)
//
// Which is which is read where Go keeps it: thread-local g (of the system stack, while C runs), g.m, m.profilehz, and in the stack. Offsets
// are found by what is known of them (g.m.g0 is g; profilehz is 0, 100 and 0 before, during and after a profile, on the thread that starts
// and stops it); a place that is not unique, or that does not change as it must, is not used, and nothing is sampled here.
//
// Threads: cpu_unsampled_wants and _tick in signal handlers of any thread, without a lock or an allocation; the rest one at a time, not in
// signal handlers. Memory: mmap, at the first profile.
#ifndef CMEMPROF_CPU_UNSAMPLED_H
#define CMEMPROF_CPU_UNSAMPLED_H

#include <signal.h>
#include <stdbool.h>
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

// A SIGPROF has come; info and context are the handler's. wants is the cheap question whether it may be taken here. tick returns true if it
// was: Go must not see it.
bool cpu_unsampled_wants(struct profiler *self, struct thread_state *thread, const siginfo_t *info, const void *context);
bool cpu_unsampled_tick(struct profiler *self, struct thread_state *thread, const siginfo_t *info, const void *context,
                        struct unwind_trail *scratch);

// What one of Go's samples stands for, in periods: a timer that expires again before its signal has been delivered, sends none for that
// (the kernel looks at timers at its ticks only, and on a busy or virtual machine a tick may come late).
double cpu_unsampled_weight(const struct profiler *self);

// Whether signals may come.
bool cpu_unsampled_is_recording(const struct profiler *self);

// The samples since the last begin, once there was an end. Returns NULL behind the last one. slot: 0 at first, then what was set.
const struct cpu_sample *cpu_unsampled_next(const struct profiler *self, size_t *slot);
const uintptr_t *cpu_unsampled_pcs(const struct profiler *self, const struct cpu_sample *sample);

// The Go addresses of all of these, in their order. Valid until the next begin. *count 0 also if memory ran out.
const uintptr_t *cpu_unsampled_go_pcs(struct profiler *self, size_t *count);

void cpu_unsampled_close(struct profiler *self);
void cpu_unsampled_after_fork_in_child(struct profiler *self);

#endif
