// cpu_threads.h (cpu): the CPU time of the process's threads when a CPU profile begins, and what is left of it when it ends.
//
// Signals that Go does not count come to a thread now and then: of one that sleeps most of the time, some see ten in a second of its time,
// some none. So a sample stands for all the time of its thread since the last one, and the time before the first and after the last sample
// is read from the thread's clock. A thread that has begun since has no first reading, nor one whose timer has given it samples until now.
//
// A thread of C's that calls Go takes over what Go has kept of one that has ended, and with it, in the same profile, a timer that was that
// thread's and will never expire again (Go 1.25 to 1.27; findings/go-cpu-profile-next-thread.sh). A timer that was there when the thread
// was first seen, and has not expired since although it had to, is such a one: nobody else samples the thread.
//
// Threads: those of one struct cpu_thread for the calling thread, in signal handlers; the rest by one thread, end also while these run. No
// lock; begin allocates for a moment. Memory: static size, in the owner. All zeros is one that knows no thread.
#ifndef CMEMPROF_CPU_THREADS_H
#define CMEMPROF_CPU_THREADS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "cpu_samples.h"

enum { CPU_THREADS = 1024 };

struct cpu_thread {
    _Atomic int32_t id;                // 0: free
    _Atomic bool is_known;             // since the begin
    _Atomic uint64_t ns;               // CPU time at the begin, then at its last sample or the end
    struct cpu_sample *_Atomic sample; // the last one; NULL: none, or somebody else has its samples from now on
    uint64_t waits_since_ns;           // CPU time when it was first seen with a timer; 0: it was not
    bool has_timer;                    // that has expired
    bool is_left;                      // its timer is of a thread that has ended
};

struct cpu_threads {
    struct cpu_thread slots[CPU_THREADS];
};

// Forgets all, and reads the clocks of the threads that there are, at most half of CPU_THREADS. Not inside malloc or a signal handler.
void cpu_threads_begin(struct cpu_threads *threads);

// The calling thread's entry, in place of one that has ended if need be. NULL: no room.
struct cpu_thread *cpu_threads_find(struct cpu_threads *threads, int32_t id);

// Another thread's time so far is nobody's: its next sample is like the first one of a thread that has begun since. Any thread.
void cpu_threads_forget(struct cpu_threads *threads, int32_t id);

// The thread's CPU time since its last sample, the begin or the end, as its clock says; unknown_ns for a thread without any.
uint64_t cpu_threads_note(struct cpu_thread *thread, uint64_t unknown_ns);

// Go's timer has given the thread its samples until now.
void cpu_threads_timed(struct cpu_thread *thread);

// Whether the timer that Go has for the thread is of one that has ended. longest_ns: CPU time in which the thread's own has expired.
bool cpu_threads_is_left(struct cpu_thread *thread, uint64_t now_ns, uint64_t longest_ns);

// Adds what threads have used since their last samples, to these, which are forgotten: the next one stands for the time from here on. A
// thread that takes a sample meanwhile has that time in it.
void cpu_threads_end(struct cpu_threads *threads);

#endif
