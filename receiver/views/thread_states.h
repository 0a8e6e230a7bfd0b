// thread_states.h: what a thread did in the time of a sample: it ran, waited for a lock, for files or sockets, for something else, or
// slept.
//
//     running     cpu, cpu-time; of a profile with neither, wall time in a state that runs
//     lock        lock_time, lock-acquire-wait, or wall time in a state that is blocked, whichever is more: events may have a threshold
//     I/O         file_time, socket_time
//     waiting     wall time in a state that waits or is parked
//     sleeping    wall time in one that sleeps
//     off CPU     wall time without a state: Python's clients tell no more
//
// One moment is of one state. But wall time goes on whatever the thread does, and is told by other samples than the rest, in Java even
// where they are of one moment. So sums of one stretch of time are made apart at its end (thread_states_settle): CPU time and I/O were
// first in wall time that runs, locks in that which is blocked; the rest of locks and I/O is taken from waiting, sleeping and off CPU, in
// this order until it is used up, and the rest of CPU time from off CPU.
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

enum thread_state {
    THREAD_RUNNING,
    THREAD_LOCK,
    THREAD_IO,
    THREAD_WAITING,
    THREAD_SLEEPING,
    THREAD_OFF_CPU,
    THREAD_STATES,                       // those that are shown
    THREAD_BLOCKED_WALL = THREAD_STATES, // sums beside them: wall time in a state that is blocked
    THREAD_RUNNABLE_WALL,                // and in one that runs
    THREAD_SUMS
};
const char *thread_state_name(enum thread_state state); // "off CPU"

struct thread_states {
    int cpu, wall, lock, file, socket; // indexes of sample types; -1: absent
};
void thread_states_start(struct thread_states *states, const struct profile *profile);
// What the sample adds to each sum, in nanoseconds. False: nothing is known.
bool thread_states_of(const struct thread_states *states, const struct profile_sample_view *sample, int64_t ns[THREAD_SUMS]);
// Of the sums of one stretch of time: how long the thread was in each state. Nothing is below 0.
void thread_states_settle(double ns[THREAD_SUMS]);

#endif
