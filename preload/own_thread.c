// own_thread.c: see own_thread.h.
#include "own_thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../base/clock.h"
#include "../cmemprof/profiler.h"

// Symbolizer and demangler recurse to a bounded depth; unused stack is address space only.
enum { STACK_BYTES = 1 << 20 };

static struct own_thread {
    _Atomic int32_t id; // 0: not begun
    _Atomic bool is_taken;
    void *(*run)(void *context);
    void *context;
} own[OWN_THREADS];

static pthread_mutex_t ends = PTHREAD_MUTEX_INITIALIZER; // so that a thread is counted once: it runs, or has ended
static uint64_t ended_ns;                                // CPU time of those that have; guarded by ends

static void *begin(void *context) {
    struct own_thread *thread = context;
    atomic_store(&thread->id, (int32_t)syscall(SYS_gettid));
    void *result = thread->run(thread->context);
    pthread_mutex_lock(&ends);
    ended_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID);
    atomic_store(&thread->id, 0);
    pthread_mutex_unlock(&ends);
    atomic_store(&thread->is_taken, false);
    return result;
}

static struct own_thread *take(void) {
    size_t i = 0;
    while (i < OWN_THREADS && atomic_exchange(&own[i].is_taken, true)) {
        i++;
    }
    return i < OWN_THREADS ? &own[i] : NULL;
}

static bool make(struct own_thread *own_thread) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before); // inherited by the thread
    profiler_enter(&thread_state);
    bool made = pthread_create(&thread, &attributes, begin, own_thread) == 0;
    profiler_leave(&thread_state);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return made;
}

bool own_thread_start(void *(*run)(void *context), void *context) {
    struct own_thread *thread = take();
    if (!thread) {
        return false;
    }
    thread->run = run;
    thread->context = context;
    bool made = make(thread);
    if (!made) {
        atomic_store(&thread->is_taken, false);
    }
    return made;
}

bool own_thread_is(int32_t id) {
    bool found = false;
    for (size_t i = 0; i < OWN_THREADS; i++) {
        found |= id != 0 && atomic_load(&own[i].id) == id;
    }
    return found;
}

uint64_t own_threads_cpu_ns(void) {
    pthread_mutex_lock(&ends);
    uint64_t ns = ended_ns;
    for (size_t i = 0; i < OWN_THREADS; i++) {
        int32_t id = atomic_load(&own[i].id);
        ns += id != 0 ? clock_ns(clock_of_thread(id)) : 0;
    }
    pthread_mutex_unlock(&ends);
    return ns;
}

void own_threads_after_fork_in_child(void) {
    pthread_mutex_init(&ends, NULL);
    ended_ns = 0;
    for (size_t i = 0; i < OWN_THREADS; i++) {
        atomic_store(&own[i].id, 0);
        atomic_store(&own[i].is_taken, false);
    }
}
