// own_thread_test.c: the library's threads block all signals and are known as its own; there is room for a few.

#include "../../base/test/test.h"

#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../own_thread.h"

static sem_t started, leave;
static _Atomic int32_t id;
static _Atomic bool has_blocked;

static void *run(void *context) {
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    atomic_store(&has_blocked, sigismember(&blocked, SIGTERM) == 1 && context == &started);
    atomic_store(&id, (int32_t)syscall(SYS_gettid));
    sem_post(&started);
    sem_wait(&leave);
    return NULL;
}

static void until_gone(void) {
    for (int i = 0; i < 6000 && own_thread_is(atomic_load(&id)); i++) {
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_false(own_thread_is(atomic_load(&id)));
}

TEST(it_is_known_while_it_runs) {
    sem_init(&started, 0, 0);
    sem_init(&leave, 0, 0);
    assert_false(own_thread_is(0));
    assert_false(own_thread_is((int32_t)syscall(SYS_gettid)));
    assert_true(own_thread_start(run, &started));
    sem_wait(&started);
    assert_true(atomic_load(&has_blocked));
    assert_true(own_thread_is(atomic_load(&id)));
    uint64_t ns = own_threads_cpu_ns();
    assert_true(ns > 0);
    sem_post(&leave);
    until_gone();
    assert_true(own_threads_cpu_ns() >= ns); // what it has used was used
}

TEST(there_is_room_for_a_few) {
    for (int i = 0; i < OWN_THREADS; i++) {
        assert_true(own_thread_start(run, &started));
        sem_wait(&started);
    }
    assert_false(own_thread_start(run, &started));
    for (int i = 0; i < OWN_THREADS; i++) {
        sem_post(&leave);
    }
    bool made = false;
    for (int i = 0; i < 6000 && !made; i++) {
        made = own_thread_start(run, &started);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_true(made);
    sem_wait(&started);
    sem_post(&leave);
    until_gone();
    own_threads_after_fork_in_child();
    assert_false(own_thread_is(atomic_load(&id)));
}

int main(void) {
    return tests_run();
}
