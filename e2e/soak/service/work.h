// work.h: the C and C++ parts of the service's units of work. Each does a bounded thing that its seed determines, looks whether memory
// holds what was written to it, and leaves nothing behind but what it says. Any thread; a lane is one caller's at a time.
#ifndef SOAK_WORK_H
#define SOAK_WORK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// What the functions of this file asked for through soak_counted, so that the profile's estimate can be held against it. The variances are
// those that sampling at soak_interval_bytes gives an unbiased estimate: s^2 (1 - p) / p and (1 - p) / p for each allocation.
struct soak_count {
    uint64_t bytes, objects;
    double bytes_variance, objects_variance;
};
extern uint64_t soak_interval_bytes; // set before any work

enum soak_family { SOAK_MALLOC, SOAK_CALLOC, SOAK_REALLOC, SOAK_ALIGNED };
// The one place that all counted allocations come from: its name is on their stacks. block: for SOAK_REALLOC.
void *soak_counted(struct soak_count *count, enum soak_family family, void *block, size_t size);

// One of the sets of blocks that live from unit to unit: 64 slots of up to 2 MiB.
struct soak_lane;
struct soak_lane *soak_lane_new(void);
// Takes 30 blocks into random slots and frees what was there, all slots at every eighth seed. Returns the number of blocks that had lost
// their contents.
int soak_lane_work(struct soak_lane *lane, uint64_t seed, struct soak_count *count);
// What lives in the lane, as sums over its blocks.
void soak_lane_live(const struct soak_lane *lane, struct soak_count *live);

// Threads of C++ that build containers and throw through frames that own memory. Returns the number of exceptions caught, -1 if a
// container was wrong.
int soak_cxx(uint64_t seed, struct soak_count *count);

// A child by fork alone: it allocates, looks, and exits. Returns 0, or its wait status.
int soak_fork(uint64_t seed);

// Loads a library, calls it and unloads it. Returns 0, or what went wrong: 1 dlopen, 2 dlsym, 3 wrong result, 4 dlclose.
int soak_library(const char *path, uint64_t seed);

// C that calls Go (soakCallback, which calls C that calls Go, depth times). Returns the number of calls.
int soak_callbacks(int depth, uint64_t seed, struct soak_count *count);

#ifdef __cplusplus
}
#endif

#endif
