// hazard.h: shared by the programs of this folder. Each does one thing that has broken memory profilers, checks the results, and ends with
// exit status 0.
//
// One source serves three ways of running: without cmemprof, linked with libcmemprof.a, and with libcmemprof.so preloaded. So the
// profiler's functions are looked up at run time. HAZARD_RATE is the sampling interval (not set: the profiler is not started),
// HAZARD_SCALE multiplies the rounds (1), HAZARD_COUNT is how often a program that causes events (hazard_did) causes each of them, and
// HAZARD_PROGRESS is a file that shows its progress to the test.
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

// A failed check is printed on stderr, and ends the process (also a child) with status 99.
#define CHECK(condition, ...)                                                                                                              \
    do {                                                                                                                                   \
        if (!(condition)) {                                                                                                                \
            hazard_fail(__FILE__, __LINE__, #condition, __VA_ARGS__);                                                                      \
        }                                                                                                                                  \
    } while (0)
enum { HAZARD_FAILED = 99 };
__attribute__((format(printf, 4, 5), noreturn)) void hazard_fail(const char *file, int line, const char *condition, const char *format,
                                                                 ...);

// Starts the profiler at HAZARD_RATE, if both exist. May be called again at any time.
void hazard_start(void);
void hazard_stop(void);
bool hazard_sampling(void); // started, and not without cmemprof
uint64_t hazard_rate(void); // 0: not sampling
unsigned hazard_scaled(unsigned rounds);
unsigned hazard_counted(unsigned events);        // HAZARD_COUNT, or else these, scaled
bool hazard_watched(void);                       // by HAZARD_PROGRESS: who hangs is found with its stacks, and needs no alarm of its own
void hazard_stats(struct cmemprof_stats *stats); // all 0 without cmemprof

// Takes a profile and sums it. Returns false if it could not be taken. All sums are 0 without cmemprof.
struct hazard_totals {
    int64_t alloc_objects, alloc_bytes, inuse_objects, inuse_bytes;
    uint64_t samples, emitted, lost; // from the profile's comment, which has them for every rate
    bool has_comment;
};
bool hazard_profile(struct hazard_totals *totals);

// Stops the profiler and checks that samples taken = emitted + counted as dropped, and that the profile's samples in use = live samples. No
// other thread may allocate.
void hazard_balance(void);

// Counts verified events, in this process and its children. Any thread.
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

// Starts a thread that takes profiles until it is ended, and at least this many.
void hazard_profiles_begin(unsigned least);
void hazard_profiles_end(void);

// Ends every program: checks the balance and prints what was done and seen. Returns main's exit status.
int hazard_finish(void);

// Allocates and frees in all the usual ways and checks that blocks keep their content. Frees everything.
void hazard_churn(uint64_t seed, unsigned operations);

// Waits until *flag is not 0. Returns false after ten seconds.
bool hazard_wait(const volatile int *flag);

// Hides the pointer from the compiler, so that it keeps a pair of malloc and free.
void *hazard_opaque(void *block);

#ifdef __cplusplus
}
#endif

#endif
