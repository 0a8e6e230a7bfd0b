// jobs_test.c: every job that was taken runs once, also those that wait when it is stopped.
#include "../../test/http.h"

#include "../jobs.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_int ran;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void count(void *context) {
    (void)context;
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    atomic_fetch_add(&ran, 1);
}

static void test_all_run(void **state) {
    (void)state;
    struct jobs *jobs = jobs_start(3);
    atomic_store(&ran, 0);
    pthread_mutex_lock(&gate);
    int taken = 0;
    while (jobs_add(jobs, count, NULL)) {
        taken++;
    }
    assert_true(taken >= JOBS_MAX_WAITING && taken <= JOBS_MAX_WAITING + 3);
    pthread_mutex_unlock(&gate);
    jobs_stop(jobs);
    assert_int_equal(atomic_load(&ran), taken);
    assert_false(jobs_add(jobs, count, NULL));
    jobs_stop(jobs);
    jobs_free(jobs);
    jobs_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_run)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
