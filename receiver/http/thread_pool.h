// thread_pool.h: threads that do what would hold up others, one queue for all of them.
//
// Threads: any. Memory: malloc, one entry a waiting job, THREAD_POOL_MAX_WAITING at most.
#ifndef CMEMPROF_RECEIVER_THREAD_POOL_H
#define CMEMPROF_RECEIVER_THREAD_POOL_H

#include <stdbool.h>

enum { THREAD_POOL_MAX_WAITING = 512 };

struct thread_pool;
struct thread_pool *thread_pool_start(int threads); // NULL: no memory
// Once all that waits is done; from then on nothing is taken. NULL is fine.
void thread_pool_stop(struct thread_pool *pool);
void thread_pool_free(struct thread_pool *pool); // NULL is fine
// False: too many are waiting, or it was stopped.
bool thread_pool_add(struct thread_pool *pool, void (*run)(void *context), void *context);

#endif
