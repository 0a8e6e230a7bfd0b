// thread_pool_test.c: every accepted job runs once, including those queued at the stop.

#include "../../../base/test/test.h"

#include "../../test/http.h"

#include "../thread_pool.h"

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

TEST(all_run) {
    struct thread_pool *pool = thread_pool_start(3);
    atomic_store(&ran, 0);
    pthread_mutex_lock(&gate);
    int taken = 0;
    while (thread_pool_add(pool, count, NULL)) {
        taken++;
    }
    assert_true(taken >= THREAD_POOL_MAX_WAITING && taken <= THREAD_POOL_MAX_WAITING + 3);
    pthread_mutex_unlock(&gate);
    thread_pool_stop(pool);
    assert_int_equal(atomic_load(&ran), taken);
    assert_false(thread_pool_add(pool, count, NULL));
    thread_pool_stop(pool);
    thread_pool_free(pool);
    thread_pool_free(NULL);
}

int main(void) {
    return tests_run();
}
