// hook_threads_test.c: pthread_create makes the program's thread as without the hook, and its creation is noted, with the stack that called
// it. This program is hooked.

#include "../../base/test/test.h"

#include "own_profile.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>

#include "../profiler.h"
#include "sampling.h"

static void *give_back(void *argument) {
    return argument;
}

static pthread_t joined;

static __attribute__((noinline)) void make_here(void *argument) {
    assert_int_equal(pthread_create(&joined, NULL, give_back, argument), 0);
    __asm__ volatile("");
}

TEST_IN(sampling, it_is_the_programs_thread) {
    int value;
    void *result;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, PTHREAD_STACK_MIN + 65536);
    errno = 77;
    assert_int_equal(pthread_create(&joined, &attributes, give_back, &value), 0);
    assert_int_equal(errno, 77);
    assert_int_equal(pthread_join(joined, &result), 0);
    assert_ptr_equal(result, &value);
    // An error is libc's, and noted by nobody.
    uint32_t taken = profiler.creators.taken;
    pthread_attr_setstacksize(&attributes, (size_t)1 << 60);
    assert_int_not_equal(pthread_create(&joined, &attributes, give_back, &value), 0);
    assert_int_equal(profiler.creators.taken, taken);
    (void)state;
}

static bool found(struct thread_creation *creation, void *argument) {
    return thread_creators_find(&profiler.creators, (uintptr_t)joined, (uintptr_t)give_back, (uintptr_t)argument, creation);
}

TEST_IN(sampling, it_is_noted) {
    struct thread_creation creation;
    int value;
    make_here(&value);
    assert_true(found(&creation, &value));
    assert_int_equal(creation.descriptor, joined);
    assert_int_equal(creation.owner, THREAD_OF_PROGRAM);
    assert_non_null(creation.stack);
    assert_in_range(creation.caller, (uintptr_t)make_here, (uintptr_t)make_here + 200);
    assert_int_equal(creation.stack->pcs[0], creation.caller);
    assert_true(creation.stack->depth_frames >= 3);
    assert_int_equal(pthread_join(joined, NULL), 0);
    // Stopped: no stack, but the caller.
    cmemprof_stop();
    make_here(NULL);
    assert_true(found(&creation, NULL));
    assert_null(creation.stack);
    assert_in_range(creation.caller, (uintptr_t)make_here, (uintptr_t)make_here + 200);
    assert_int_equal(pthread_join(joined, NULL), 0);
    assert_int_equal(cmemprof_start(1), CMEMPROF_OK);
    // The profiler's own.
    profiler_enter(&thread_state);
    make_here(NULL);
    profiler_leave(&thread_state);
    assert_true(found(&creation, NULL));
    assert_int_equal(creation.owner, THREAD_OF_PROFILER);
    assert_int_equal(pthread_join(joined, NULL), 0);
}

int main(void) {
    return tests_run();
}
