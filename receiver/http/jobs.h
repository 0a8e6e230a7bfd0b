// jobs.h: threads that do what would hold up others, one queue for all of them.
//
// Threads: any. Memory: malloc, one entry a waiting job, JOBS_MAX_WAITING at most.
#ifndef CMEMPROF_RECEIVER_JOBS_H
#define CMEMPROF_RECEIVER_JOBS_H

#include <stdbool.h>

enum { JOBS_MAX_WAITING = 512 };

struct jobs;
struct jobs *jobs_start(int threads); // NULL: no memory
// Once all that waits is done; from then on nothing is taken. NULL is fine.
void jobs_stop(struct jobs *jobs);
void jobs_free(struct jobs *jobs); // NULL is fine
// False: too many are waiting, or it was stopped.
bool jobs_add(struct jobs *jobs, void (*run)(void *context), void *context);

#endif
