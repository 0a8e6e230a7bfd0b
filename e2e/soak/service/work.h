// work.h: the C and C++ parts of the service's units of work. Each does bounded work that its seed determines, checks that memory keeps its
// content, and frees everything except as stated. Any thread; a lane has one caller at a time.
#ifndef SOAK_WORK_H
#define SOAK_WORK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Allocations through soak_counted, to compare with the profile's estimate. The variances are those of an unbiased estimate by sampling at
// soak_interval_bytes: s^2 (1 - p) / p and (1 - p) / p for each allocation.
struct soak_count {
    uint64_t bytes, objects;
    double bytes_variance, objects_variance;
};
extern uint64_t soak_interval_bytes; // set before any work

enum soak_family { SOAK_MALLOC, SOAK_CALLOC, SOAK_REALLOC, SOAK_ALIGNED };
// The site of all counted allocations: its name is on their stacks. block: for SOAK_REALLOC.
void *soak_counted(struct soak_count *count, enum soak_family family, void *block, size_t size);

// One of the sets of blocks that live from unit to unit: 64 slots of up to 2 MiB.
struct soak_lane;
struct soak_lane *soak_lane_new(void);
// Puts 30 blocks into random slots and frees the old ones; at every eighth seed frees all slots. Returns the number of blocks that lost
// their content.
int soak_lane_work(struct soak_lane *lane, uint64_t seed, struct soak_count *count);
// Sums over the live blocks of the lane.
void soak_lane_live(const struct soak_lane *lane, struct soak_count *live);

// C++ threads that build containers and throw through frames that own memory. Returns the number of exceptions caught, or -1 if a container
// was wrong.
int soak_cxx(uint64_t seed, struct soak_count *count);

// Forks a child that allocates, checks, and exits. Returns 0, or its wait status.
int soak_fork(uint64_t seed);

// Loads a library, calls it and unloads it. Returns 0, or the failed step: 1 dlopen, 2 dlsym, 3 wrong result, 4 dlclose.
int soak_library(const char *path, uint64_t seed);

// Calls Go from C (soakCallback, which calls C, which calls Go, depth times). Returns the number of calls.
int soak_callbacks(int depth, uint64_t seed, struct soak_count *count);

#ifdef __cplusplus
}
#endif

#endif
