// hazard.h: what the programs of this folder share. Each does one thing that has broken memory profilers, checks what it must find
// afterwards, and ends with exit status 0.
//
// One source serves three ways of running: without cmemprof, linked with libcmemprof.a, and with libcmemprof.so preloaded. So the
// profiler's functions are looked up at run time. HAZARD_RATE is the sampling interval (not set: the profiler is not started),
// HAZARD_SCALE multiplies the rounds (1), HAZARD_COUNT is how often a program that is about events (hazard_did) causes each of them, and
// HAZARD_PROGRESS a file in which whoever watches can see that it goes on.
#ifndef HAZARD_H
#define HAZARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "cmemprof.h" // the Go test says where it is

// What does not hold is said on stderr, and ends the process (a child as well) with status 99.
#define CHECK(condition, ...)                                                                                                              \
    do {                                                                                                                                   \
        if (!(condition)) {                                                                                                                \
            hazard_fail(__FILE__, __LINE__, #condition, __VA_ARGS__);                                                                      \
        }                                                                                                                                  \
    } while (0)
enum { HAZARD_FAILED = 99 };
__attribute__((format(printf, 4, 5), noreturn)) void hazard_fail(const char *file, int line, const char *condition, const char *format,
                                                                 ...);

// Starts the profiler at HAZARD_RATE, if there is one and a rate. Again at any time.
void hazard_start(void);
void hazard_stop(void);
bool hazard_sampling(void); // started, and not without cmemprof
uint64_t hazard_rate(void); // 0: not sampling
unsigned hazard_scaled(unsigned rounds);
unsigned hazard_counted(unsigned events);        // HAZARD_COUNT, or else these, scaled
bool hazard_watched(void);                       // by HAZARD_PROGRESS: who hangs is found with its stacks, and needs no alarm of its own
void hazard_stats(struct cmemprof_stats *stats); // all 0 without cmemprof

// A profile, taken now, added up. False: could not be taken. All 0 without cmemprof.
struct hazard_totals {
    int64_t alloc_objects, alloc_bytes, inuse_objects, inuse_bytes;
    uint64_t samples, emitted, lost; // from the profile's comment, which has them for every rate
    bool has_comment;
};
bool hazard_profile(struct hazard_totals *totals);

// Stops the profiler, then: samples taken = emitted + counted as dropped, exactly; in use as the profile shows it = live samples. No other
// thread may allocate. Leaves the profiler stopped.
void hazard_balance(void);

// Counts what was done and has been found right, in this process and in its children. Any thread.
enum hazard_event {
    HAZARD_FORKS,
    HAZARD_VFORKS,
    HAZARD_CLONES,
    HAZARD_SPAWNS,
    HAZARD_OPENS,  // dlopen with dlclose
    HAZARD_STARTS, // of the profiler, each with a stop
    HAZARD_THREADS,
    HAZARD_CANCELS,
    HAZARD_SIGNALS,
    HAZARD_HOOKS, // every function of the family once
    HAZARD_PROFILES,
    HAZARD_EVENTS
};
void hazard_did(enum hazard_event event);
uint64_t hazard_done(enum hazard_event event);

// A thread that takes one profile after the other until it is ended, and at least so many.
void hazard_profiles_begin(unsigned least);
void hazard_profiles_end(void);

// The end of every program: balance, and lines on stdout that say what was done and seen. Returns main's exit status.
int hazard_finish(void);

// Allocates and frees in all the usual ways and looks whether the blocks keep what was written to them. Nothing is left.
void hazard_churn(uint64_t seed, unsigned operations);

// True as soon as *flag is not 0, false after ten seconds.
bool hazard_wait(const volatile int *flag);

// Not to be seen through by the compiler: a pair of malloc and free stays one.
void *hazard_opaque(void *block);

#ifdef __cplusplus
}
#endif

#endif
