// time_profile.h: CPU time of the program's threads, and wall time of Python's, by stack of C and Python frames.
//
// CPU        each thread has a timer of its own CPU time (time_threads.h). Its signal interrupts what computes, so it sees the stack as it
//            is, at any instruction, with or without the GIL. A sample stands for the thread's time since its last one; the last one of a
//            profile also for the time until its end, so that sums do not depend on when a kernel looks at its timers. The first one of a
//            thread stands for a period, or all the time since it was met if that is more, and for the time before.
// Off CPU    a tick looks at each of Python's threads from outside. One that waits does not use its CPU: if its clock stands still while
//            its frames are read, they are those it waits in, and the time since the last tick is theirs. Nothing is sent to it: a signal
//            would interrupt its system call. One that runs has CPU samples.
// Exceptions and locks are counted by who calls time_profile_event (the package for Python).
//
// The signal is SIGURG: its default is to be ignored, so one that comes late ends nobody (as Go's runtime uses it). A program that handles
// it itself is not sampled, and one that comes to do so is left alone from then on; either is said.
//
// Each profile has what came since the last one. At most 24,000 stacks and 7 MiB of each of the kinds; beyond, time is counted as lost.
//
// Threads: tick and take by the library's; event by any, not in signal handlers. Memory: mmap at the start.
#ifndef CMEMPROF_PRELOAD_TIME_PROFILE_H
#define CMEMPROF_PRELOAD_TIME_PROFILE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../cmemprof/cmemprof.h"
#include "../cmemprof/namespace.h"

enum { TIME_SIGNAL = SIGURG };
struct profiler;

// hz: samples for a second of CPU. Returns NULL, or why there is none. Once; again after time_profile_stop.
const char *time_profile_start(struct profiler *of, unsigned hz);
void time_profile_stop(void);
// Whether the signal is one of a timer's. Also in signal handlers.
bool time_profile_has_sent(const siginfo_t *info);
unsigned time_profile_is_on(void); // the number of the start, from 1; 0: off

// About hz times a second. Returns false if the program has not run since the last one: then an eighth of that is enough, since what a tick
// stands for is the time since the one before.
bool time_profile_tick(void);

// The profile since the last one, uncompressed; the bytes are valid until the next one. NULL: it will be in a later one. While it is on.
enum cmemprof_error time_profile_take(const uint8_t **bytes, size_t *size);

void time_profile_after_fork_in_child(bool goes_on); // false: stops

// What happened in the calling thread, which has the GIL.
struct time_event {
    enum { TIME_EVENT_RAISED, TIME_EVENT_ACQUIRED, TIME_EVENT_RELEASED } kind;
    const char *type; // of an exception: its name, cut at 250 bytes
    uint64_t count;   // it stands for so many
    uint64_t ns;      // of one: that a lock was waited for, or held
    uint32_t skip;    // Python's innermost frames, which are not the program's
};
// Returns false if it does not count: nothing is recorded, or who acquired a lock waited for something else than a lock (python_locks.h).
bool time_profile_event(const struct time_event *event);

// Labels of a tracer's spans (time_context.h). With the GIL. Returns false if there are none.
bool time_profile_watch_spans(uintptr_t variable);
void time_profile_endpoint(uint64_t root, const char *text);

// Before the first event of a lock. Returns false if threads of Python are not seen, or memory runs out.
bool time_profile_expect_locks(void);

#endif
