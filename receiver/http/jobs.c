// jobs.c: a queue and its threads (jobs.h).
#include "jobs.h"

#include <pthread.h>
#include <stdlib.h>

enum { MAX_THREADS = 8 };

struct job {
    void (*run)(void *context);
    void *context;
};

struct jobs {
    pthread_t threads[MAX_THREADS];
    int thread_count;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job waiting[JOBS_MAX_WAITING]; // a ring; guarded by lock, as the rest
    unsigned first, count;
    bool stopping;
};

static void *work(void *state) {
    struct jobs *jobs = state;
    pthread_mutex_lock(&jobs->lock);
    for (;;) {
        while (jobs->count == 0 && !jobs->stopping) {
            pthread_cond_wait(&jobs->wake, &jobs->lock);
        }
        if (jobs->count == 0) {
            break;
        }
        struct job job = jobs->waiting[jobs->first];
        jobs->first = (jobs->first + 1) % JOBS_MAX_WAITING;
        jobs->count--;
        pthread_mutex_unlock(&jobs->lock);
        job.run(job.context);
        pthread_mutex_lock(&jobs->lock);
    }
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

struct jobs *jobs_start(int threads) {
    struct jobs *jobs = calloc(1, sizeof *jobs);
    if (!jobs) {
        return NULL;
    }
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->wake, NULL);
    while (jobs->thread_count < threads && jobs->thread_count < MAX_THREADS &&
           pthread_create(&jobs->threads[jobs->thread_count], NULL, work, jobs) == 0) {
        jobs->thread_count++;
    }
    if (jobs->thread_count == 0) {
        jobs_free(jobs);
        return NULL;
    }
    return jobs;
}

void jobs_stop(struct jobs *jobs) {
    if (!jobs) {
        return;
    }
    pthread_mutex_lock(&jobs->lock);
    jobs->stopping = true;
    pthread_cond_broadcast(&jobs->wake);
    pthread_mutex_unlock(&jobs->lock);
    for (; jobs->thread_count > 0; jobs->thread_count--) {
        pthread_join(jobs->threads[jobs->thread_count - 1], NULL);
    }
}

void jobs_free(struct jobs *jobs) {
    if (jobs) {
        jobs_stop(jobs);
        pthread_cond_destroy(&jobs->wake);
        pthread_mutex_destroy(&jobs->lock);
        free(jobs);
    }
}

bool jobs_add(struct jobs *jobs, void (*run)(void *context), void *context) {
    pthread_mutex_lock(&jobs->lock);
    bool taken = !jobs->stopping && jobs->count < JOBS_MAX_WAITING;
    if (taken) {
        jobs->waiting[(jobs->first + jobs->count++) % JOBS_MAX_WAITING] = (struct job){run, context};
        pthread_cond_signal(&jobs->wake);
    }
    pthread_mutex_unlock(&jobs->lock);
    return taken;
}
