// threads_test.c: stacks that made threads stay in the table as long as their notes do, however short memory is; a pthread_t that may be
// gone is not read.

#include "../../base/test/test.h"

#include "own_profile.h"

#include <pthread.h>
#include <sys/mman.h>

#include "../profiler.h"
#include "../reclaim.h"
#include "../threads.h"
#include "paths.h"
#include "sampling.h"

enum { PAGE = 4096 };

static void *nothing(void *argument) {
    return argument;
}

static __attribute__((noinline)) struct thread_creation make_here(void) {
    pthread_t thread;
    struct thread_creation creation;
    assert_int_equal(pthread_create(&thread, NULL, nothing, NULL), 0);
    assert_true(thread_creators_find(&profiler.creators, (uintptr_t)thread, (uintptr_t)nothing, 0, &creation));
    assert_int_equal(pthread_join(thread, NULL), 0);
    return creation;
}

TEST_IN(sampling, its_stack_is_not_evicted) {
    struct thread_creation creation = make_here();
    uint64_t hash = creation.stack->hash;
    cmemprof_set_memory_limit(2 << 20); // 8,192 stacks of 256 bytes do not fit
    uint64_t before = stats_now().reclaimed_stacks;
    for (unsigned path = 0; path < 1u << 13; path++) {
        free(left(path, 13, 100));
    }
    cmemprof_make_room();
    assert_true(stats_now().reclaimed_stacks - before >= 100);
    assert_int_equal(creation.stack->in_use, 1);
    assert_int_equal(creation.stack->hash, hash);
    assert_int_equal(creation.stack->source, STACK_OF_THREADS);
    cmemprof_set_memory_limit(0);
}

// The new thread may have unmapped it.
TEST_IN(sampling, what_may_be_gone_is_not_read) {
    uintptr_t *gone = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(gone, MAP_FAILED);
    munmap(gone, PAGE);
    const struct mapping_call call = {(uintptr_t)__builtin_return_address(0), MACHINE_FRAME};
    threads_created(&profiler, gone, 0x1230, 0x4560, &call);
    struct thread_creation creation;
    assert_true(thread_creators_find(&profiler.creators, 0x7890, 0x1230, 0x4560, &creation));
    assert_int_equal(creation.descriptor, 0);
    assert_non_null(creation.stack);
}

int main(void) {
    return tests_run();
}
