// thread_pool.c: a queue and its threads (thread_pool.h).
#include "thread_pool.h"
#include "../../base/check.h"

#include <pthread.h>
#include <stdlib.h>

enum { MAX_THREADS = 8 };

struct job {
    void (*run)(void *context);
    void *context;
};

struct thread_pool {
    pthread_t threads[MAX_THREADS];
    int thread_count;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job waiting[THREAD_POOL_MAX_WAITING]; // a ring; guarded by lock, as the rest
    unsigned first, count;
    bool stopping;
};

static void *work(void *state) {
    struct thread_pool *pool = state;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->count == 0 && !pool->stopping) {
            pthread_cond_wait(&pool->wake, &pool->lock);
        }
        if (pool->count == 0) {
            break;
        }
        struct job job = pool->waiting[pool->first];
        pool->first = (pool->first + 1) % THREAD_POOL_MAX_WAITING;
        pool->count--;
        pthread_mutex_unlock(&pool->lock);
        job.run(job.context);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

struct thread_pool *thread_pool_start(int threads) {
    struct thread_pool *pool = calloc(1, sizeof *pool);
    if (!pool) {
        return NULL;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    while (pool->thread_count < threads && pool->thread_count < MAX_THREADS &&
           pthread_create(&pool->threads[pool->thread_count], NULL, work, pool) == 0) {
        pool->thread_count++;
    }
    if (pool->thread_count == 0) {
        thread_pool_free(pool);
        return NULL;
    }
    return pool;
}

void thread_pool_stop(struct thread_pool *pool) {
    if (!pool) {
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (; pool->thread_count > 0; pool->thread_count--) {
        pthread_join(pool->threads[pool->thread_count - 1], NULL);
    }
}

void thread_pool_free(struct thread_pool *pool) {
    if (pool) {
        thread_pool_stop(pool);
        pthread_cond_destroy(&pool->wake);
        pthread_mutex_destroy(&pool->lock);
        free(pool);
    }
}

bool thread_pool_add(struct thread_pool *pool, void (*run)(void *context), void *context) {
    CHECK(run);
    pthread_mutex_lock(&pool->lock);
    bool taken = !pool->stopping && pool->count < THREAD_POOL_MAX_WAITING;
    if (taken) {
        pool->waiting[(pool->first + pool->count++) % THREAD_POOL_MAX_WAITING] = (struct job){run, context};
        pthread_cond_signal(&pool->wake);
    }
    pthread_mutex_unlock(&pool->lock);
    return taken;
}

unsigned thread_pool_waiting(struct thread_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    unsigned count = pool->count;
    pthread_mutex_unlock(&pool->lock);
    return count;
}
