// work_memory_test.c: between begin and end large blocks are ours, behave as any other, are no samples, and go back. This program is
// hooked.

#include "own_profile.h"

#include <errno.h>
#include <malloc.h>

#include "../work_memory.h"
#include "filled.h"
#include "sampling.h"

static void large_blocks_are_ours_and_small_ones_are_not(void **state) {
    (void)state;
    static const size_t sizes[] = {WORK_MEMORY_LEAST_BYTES, 4096, 4097, 100000, 30 << 20};
    work_memory_begin(&thread_state);
    void *small = malloc(WORK_MEMORY_LEAST_BYTES - 1);
    assert_false(work_memory_owns(small));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *block = i % 2 == 0 ? malloc(sizes[i]) : calloc(sizes[i], 1);
        assert_true(work_memory_owns(block));
        assert_true(malloc_usable_size(block) >= sizes[i] && malloc_usable_size(block) < sizes[i] + 4096);
        assert_true(is_filled(block, sizes[i], 0));
        memset(block, 0xff, sizes[i]);
        free(block);
    }
    work_memory_end(&thread_state);
    free(small);
    work_memory_release();
    assert_int_equal(work_memory_base, 0);
    void *after = malloc(100000);
    assert_false(work_memory_owns(after));
    free(after);
}

static void realloc_goes_in_and_out(void **state) {
    (void)state;
    work_memory_begin(&thread_state);
    unsigned char *block = malloc(5000);
    memset(block, 42, 5000);
    block = realloc(block, 100000);
    assert_true(work_memory_owns(block) && is_filled(block, 5000, 42));
    memset(block, 43, 100000);
    block = realloc(block, 3000);
    assert_true(is_filled(block, 3000, 43));
    block = realloc(block, 10);
    assert_false(work_memory_owns(block));
    assert_true(is_filled(block, 10, 43));
    block = realloc(block, 70000);
    assert_true(is_filled(block, 10, 43));
    unsigned char *outlives = malloc(5000);
    memset(outlives, 44, 5000);
    work_memory_end(&thread_state);
    free(block);
    work_memory_release();
    assert_int_not_equal(work_memory_base, 0); // one is still there
    outlives = realloc(outlives, 200000);
    assert_false(work_memory_owns(outlives));
    assert_true(is_filled(outlives, 5000, 44));
    free(outlives);
    work_memory_release();
    assert_int_equal(work_memory_base, 0);
}

static void a_failed_realloc_leaves_the_block(void **state) {
    (void)state;
    volatile size_t most = SIZE_MAX / 2;
    work_memory_begin(&thread_state);
    unsigned char *volatile kept = malloc(5000); // the compiler takes what realloc was given for gone
    memset(kept, 42, 5000);
    errno = 0;
    assert_null(realloc(kept, most));
    assert_int_equal(errno, ENOMEM);
    assert_true(is_filled(kept, 5000, 42));
    free(kept);
    work_memory_end(&thread_state);
    work_memory_release();
    assert_int_equal(work_memory_base, 0);
}

// Every allocation would be a sample here.
static void work_is_no_sample(void **state) {
    (void)state;
    void *volatile before_work = malloc(100);
    struct cmemprof_stats before = stats_now();
    work_memory_begin(&thread_state);
    for (size_t size = 1; size < 100000; size *= 3) {
        void *block = malloc(size), *other = calloc(3, size), *aligned = memalign(64, size);
        free(realloc(block, 2 * size));
        free(other);
        free(aligned);
    }
    free(before_work);
    work_memory_end(&thread_state);
    work_memory_release();
    struct cmemprof_stats after = stats_now();
    assert_int_equal(after.samples, before.samples);
    assert_int_equal(after.live, before.live - 1);
    assert_int_equal(after.unsampled_nested, before.unsampled_nested);
    void *volatile again = malloc(100);
    free(again);
    assert_int_equal(stats_now().samples, before.samples + 1); // it goes on
}

static void what_does_not_fit_is_for_the_allocator(void **state) {
    (void)state;
    void *blocks[3];
    work_memory_begin(&thread_state);
    for (int i = 0; i < 3; i++) {
        blocks[i] = malloc(WORK_MEMORY_BYTES / 5 * 2); // never touched
        assert_non_null(blocks[i]);
        assert_int_equal(work_memory_owns(blocks[i]), i < 2);
    }
    for (int i = 0; i < 3; i++) {
        free(blocks[i]);
    }
    work_memory_end(&thread_state);
    work_memory_release();
    assert_int_equal(work_memory_base, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(large_blocks_are_ours_and_small_ones_are_not, start_all, stop),
        cmocka_unit_test_setup_teardown(realloc_goes_in_and_out, start_all, stop),
        cmocka_unit_test_setup_teardown(a_failed_realloc_leaves_the_block, start_all, stop),
        cmocka_unit_test_setup_teardown(work_is_no_sample, start_all, stop),
        cmocka_unit_test_setup_teardown(what_does_not_fit_is_for_the_allocator, start_all, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
