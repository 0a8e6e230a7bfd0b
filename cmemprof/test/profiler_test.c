// profiler_test.c: samples taken are samples emitted plus samples counted as lost, also when a table is full. With a profiler of its own.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

#include "../cmemprof.h"
#include "../profiler.h"

static struct profiler self;

static int open_small(void **state) {
    (void)state;
    self = (struct profiler){0};
    self.scratch = calloc(PROFILER_SCRATCH_BUFFERS, sizeof *self.scratch);
    live_table_open(&self.live, 64 * 1024); // one level of 1,024 slots
    return !stack_table_open(&self.stacks, STACK_TABLE_BUCKETS * sizeof(void *) + 8192);
}

static int close_small(void **state) {
    (void)state;
    free(self.scratch);
    live_table_close(&self.live);
    stack_table_close(&self.stacks);
    return 0;
}

static void sum_objects(struct stack *stack, void *context) {
    *(double *)context += stack_alloc_objects(stack);
}

static void everything_is_counted_when_tables_are_full(void **state) {
    (void)state;
    struct thread_state thread = {0};
    double emitted = 0;
    for (uintptr_t i = 1; i <= 5000; i++) {
        // A caller that is never met makes a stack of its own, of that one frame.
        profiler_record(&self, &thread, (void *)(i << 12), 10, 1, i, i % 10 != 0);
    }
    stack_table_each(&self.stacks, sum_objects, &emitted);
    assert_int_equal(self.samples, 5000);
    assert_true(self.lost_stacks > 1000 && self.lost_live > 10);
    assert_int_equal((uint64_t)emitted, self.samples - self.lost_stacks);
    assert_int_equal(self.live.count, self.samples - self.lost_stacks - self.lost_live);
}

static void no_scratch_buffer_is_a_lost_sample(void **state) {
    (void)state;
    struct thread_state thread = {0};
    self.scratch_taken = ~(uint64_t)0;
    profiler_record(&self, &thread, (void *)0x1000, 10, 1, 1, true);
    assert_int_equal(self.lost_stacks, 1);
    assert_int_equal(self.live.count, 0);
    self.scratch_taken = ~(uint64_t)0 >> 1;
    profiler_record(&self, &thread, (void *)0x1000, 10, 1, 1, true);
    assert_int_equal(self.live.count, 1);
    assert_true(self.scratch_taken == ~(uint64_t)0 >> 1);
}

static void errors_have_texts(void **state) {
    (void)state;
    for (int error = 0; error < CMEMPROF_ERROR_COUNT; error++) {
        assert_non_null(cmemprof_error_text((enum cmemprof_error)error));
    }
    assert_string_equal(cmemprof_error_text((enum cmemprof_error)99), "unknown error");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everything_is_counted_when_tables_are_full, open_small, close_small),
        cmocka_unit_test_setup_teardown(no_scratch_buffer_is_a_lost_sample, open_small, close_small),
        cmocka_unit_test(errors_have_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
