// time_threads.h: the threads of the process, each with a timer of its CPU time that sends the thread a signal.
//
// The kernel's list is read when a thread has been made, or else when it has grown or shrunk, and now and then, so that one is found some
// ms after its begin; one that takes the place of another in the same moment, where nothing tells of it, after some tens. A thread gets
// no timer if it is the profiler's, or has the signal blocked: who waits for signals (sigwait, signalfd) would be given ours. The first
// signal comes after a random part of the period, so that a thread that ends sooner is sampled as often as its time is of a period. Where
// neighbours keep the processor busy a kernel looks at timers late, and signals are as late.
//
// Threads: one at a time. Memory: the struct.
#ifndef CMEMPROF_PRELOAD_TIME_THREADS_H
#define CMEMPROF_PRELOAD_TIME_THREADS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../cmemprof/cpu_samples.h"

enum { TIME_THREADS = 1024, TIME_THREAD_SLOTS = 4096, TIME_NAME_BYTES = 16 };

struct time_thread {
    int32_t id;
    int timer;             // the kernel's; TIME_NO_TIMER: none
    uint32_t seen, rounds; // rounds: since it was met
    bool is_blocked;
    uint64_t checked_ns; // CPU time when its mask was read
    char name[TIME_NAME_BYTES];
    // time_profile.c's: the CPU time at its last look, what it has waited that has no place yet, and what it waited in.
    uint64_t ns, owed_ns;
    bool is_looked_at;
    struct cpu_sample *waits_in;
    uint32_t waits_epoch;
};
enum { TIME_NO_TIMER = -1 };

// A thread is about to be given a timer. cpu_ns: what it has used; is_new: it has begun since the open.
typedef void time_thread_met(void *value, int32_t id, uint64_t cpu_ns, bool is_new);
// A thread is about to lose its timer, but lives on: a signal may be pending there still.
typedef void time_thread_lost(void *value, int32_t id);

struct time_threads {
    struct time_thread items[TIME_THREADS];
    size_t count;
    uint16_t slots[TIME_THREAD_SLOTS]; // by ID: place in items + 1, 0: none
    int signal;                        // that timers send; 0: none
    uint32_t cookie;                   // that comes with it
    uint64_t period_ns;
    unsigned short random[3];
    uint64_t sign;  // when the list was read
    bool has_young; // threads that block the signal and were met a moment ago: pthread_create begins them so
    uint64_t read_ns, masks_ns;
    uint32_t round;
    size_t timers, most_timers;
    time_thread_met *met;
    time_thread_lost *lost;
    void *value;
    uint64_t timerless; // threads without a timer at the last look: the kernel had none left, or there is no room
};

// A timer takes one of the signals that the user may have pending (RLIMIT_SIGPENDING), so there are a quarter of these at most. cookie:
// comes with the signals.
void time_threads_open(struct time_threads *threads, int signal, uint32_t cookie, uint64_t period_ns, void *value, time_thread_met *met,
                       time_thread_lost *lost);
// Reads the list anew if the sign is another one than before, or it was not read for a while (or anyway), since reading it is most of what
// a look costs. sign: how many threads have been made, or, where nobody knows that, how many there are. Returns true if there are others.
bool time_threads_look(struct time_threads *threads, uint64_t sign, bool anyway);
uint64_t time_threads_links(void);                                               // how many entries the kernel's list has
struct time_thread *time_threads_find(struct time_threads *threads, int32_t id); // NULL: not known, or the profiler's
// Deletes all timers; also in a forked child, which has none.
void time_threads_close(struct time_threads *threads, bool is_child);

// The thread that a signal is for, if a timer with this cookie has sent it; 0: another has. Also in signal handlers.
int32_t time_threads_sent_to(uint32_t cookie, const siginfo_t *info);

size_t time_threads_blocked(const struct time_threads *threads); // how many have the signal blocked now

#endif
