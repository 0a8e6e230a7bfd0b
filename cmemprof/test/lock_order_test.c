// lock_order_test.c: in tests a lock that is taken out of order ends the program, whoever holds what.

#include "../../base/test/test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lock_order.h"

static pthread_mutex_t locks[LOCK_MODULES + 1];

// Returns true if the first may be held when the second is taken.
static bool may_be_taken_under(enum lock_rank first, enum lock_rank second, bool (*take)(pthread_mutex_t *, enum lock_rank)) {
    pthread_mutex_t other = PTHREAD_MUTEX_INITIALIZER; // of the same rank: another profiler's
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO); // of the message
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        lock_take(&locks[first], first);
        _exit(!take(first == second ? &other : &locks[second], second));
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGABRT);
    return WIFEXITED(status);
}

static bool wait_for_it(pthread_mutex_t *lock, enum lock_rank rank) {
    lock_take(lock, rank);
    return true;
}

TEST(only_later_ranks_under_earlier_ones) {
    for (int first = LOCK_STARTING; first <= LOCK_MODULES; first++) {
        for (int second = LOCK_STARTING; second <= LOCK_MODULES; second++) {
            assert_int_equal(may_be_taken_under(first, second, wait_for_it), first < second);
            assert_int_equal(may_be_taken_under(first, second, lock_try), first < second);
            assert_int_equal(may_be_taken_under(first, second, lock_take_in_time), first < second);
        }
    }
}

TEST(released_locks_do_not_count) {
    lock_take(&locks[LOCK_RECLAIMING], LOCK_RECLAIMING);
    lock_release(&locks[LOCK_RECLAIMING], LOCK_RECLAIMING);
    lock_take(&locks[LOCK_NAMING], LOCK_NAMING);
    lock_take(&locks[LOCK_MODULES], LOCK_MODULES);
    lock_after_fork(&locks[LOCK_MODULES], LOCK_MODULES);
    lock_take(&locks[LOCK_LISTING], LOCK_LISTING);
    lock_release(&locks[LOCK_NAMING], LOCK_NAMING); // in any order
    lock_release(&locks[LOCK_LISTING], LOCK_LISTING);
    assert_true(lock_try(&locks[LOCK_STARTING], LOCK_STARTING));
    lock_release(&locks[LOCK_STARTING], LOCK_STARTING);
}

static void *try_it(void *lock) {
    return lock_try(lock, LOCK_LISTING) ? lock : NULL;
}

TEST(a_lock_that_was_not_taken_is_not_held) {
    pthread_t thread;
    void *taken;
    assert_int_equal(pthread_create(&thread, NULL, try_it, &locks[LOCK_LISTING]), 0);
    pthread_join(thread, &taken);
    assert_non_null(taken);
    assert_false(lock_try(&locks[LOCK_LISTING], LOCK_LISTING));
    assert_false(lock_take_in_time(&locks[LOCK_LISTING], LOCK_LISTING));
    lock_take(&locks[LOCK_STARTING], LOCK_STARTING);
    lock_release(&locks[LOCK_STARTING], LOCK_STARTING);
}

int main(void) {
    return tests_run();
}
