// thread_states.h: what a thread did in the time of a sample: it ran, waited for a lock, for files or sockets, for something else, or
// slept.
//
//     running     cpu, cpu-time; where there is neither, wall time in a state that runs
//     lock        lock_time, lock-acquire-wait; where there is neither, wall time in a state that is blocked
//     I/O         file_time, socket_time
//     waiting     wall time in a state that waits or is parked
//     sleeping    wall time in one that sleeps
//     off CPU     wall time without a state, less CPU time: Python's clients tell no more
//
// Values in nanoseconds alone. "thread state" is a label of Java's samples, by the JDK's, dd-java-agent's and async-profiler's words. A
// sample says what was until its own time, for as long as its value.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_RECEIVER_THREAD_STATES_H
#define CMEMPROF_RECEIVER_THREAD_STATES_H

#include "../../merge/merge.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum thread_state { THREAD_RUNNING, THREAD_LOCK, THREAD_IO, THREAD_WAITING, THREAD_SLEEPING, THREAD_OFF_CPU, THREAD_STATES };
const char *thread_state_name(enum thread_state state); // "off CPU"

struct thread_states {
    int cpu, wall, lock, file, socket; // indexes of sample types; -1: absent
};
void thread_states_start(struct thread_states *states, const struct profile *profile);
// How long the thread was in each state, in nanoseconds. False: nothing is known.
bool thread_states_of(const struct thread_states *states, const struct profile_sample_view *sample, int64_t ns[THREAD_STATES]);

#endif
