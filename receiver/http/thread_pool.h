// thread_pool.h: worker threads with one queue.
//
// Threads: any. Memory: malloc, one entry per waiting job, THREAD_POOL_MAX_WAITING at most.
#ifndef CMEMPROF_RECEIVER_THREAD_POOL_H
#define CMEMPROF_RECEIVER_THREAD_POOL_H

#include <stdbool.h>

enum { THREAD_POOL_MAX_WAITING = 512 };

struct thread_pool;
struct thread_pool *thread_pool_start(int threads); // NULL: no memory
// Drains the queue first; rejects jobs from then on. NULL is allowed.
void thread_pool_stop(struct thread_pool *pool);
void thread_pool_free(struct thread_pool *pool); // NULL is allowed
// Returns false if the queue is full, or the pool is stopped.
bool thread_pool_add(struct thread_pool *pool, void (*run)(void *context), void *context);
unsigned thread_pool_waiting(struct thread_pool *pool); // jobs in the queue

#endif
