// stack_table_test.c: equal stacks are one entry, different ones never, and the table says when it is full.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "../stack_table.h"

static void equal_stacks_are_one_entry(void **state) {
    (void)state;
    struct stack_table table = {0};
    assert_true(stack_table_open(&table, 1 << 20));
    uintptr_t pcs[] = {10, 20, 30};
    struct stack *whole = stack_table_intern(&table, pcs, 3), *shorter = stack_table_intern(&table, pcs, 2);
    assert_ptr_equal(stack_table_intern(&table, pcs, 3), whole);
    assert_ptr_not_equal(shorter, whole);
    assert_int_equal(whole->depth_frames, 3);
    assert_memory_equal(whole->pcs, pcs, sizeof pcs);
    pcs[2]++;
    assert_ptr_not_equal(stack_table_intern(&table, pcs, 3), whole);
    assert_int_equal(table.count, 3);
    stack_table_close(&table);
}

static void totals_add_up(void **state) {
    (void)state;
    struct stack_table table = {0};
    assert_true(stack_table_open(&table, 1 << 20));
    struct stack *stack = stack_table_intern(&table, (uintptr_t[]){1}, 1);
    stack_add_allocation(stack, 1.25, 100);
    stack_add_allocation(stack, 2.5, 0.5);
    assert_true(stack_alloc_objects(stack) == 3.75);
    assert_true(stack_alloc_bytes(stack) == 100.5);
    stack_table_close(&table);
}

static void full_gives_null_and_what_is_known_stays_found(void **state) {
    (void)state;
    struct stack_table table = {0};
    assert_true(stack_table_open(&table, STACK_TABLE_BUCKETS * sizeof(void *) + 4096));
    uintptr_t pc = 1;
    while (stack_table_intern(&table, &pc, 1) != NULL) {
        pc++;
    }
    assert_true(pc > 20);
    uintptr_t first = 1;
    assert_non_null(stack_table_intern(&table, &first, 1));
    assert_int_equal(table.count, pc - 1);
    stack_table_close(&table);
}

static void a_limit_below_the_buckets_is_refused(void **state) {
    (void)state;
    struct stack_table table = {0};
    assert_false(stack_table_open(&table, 4096));
}

// Threads intern the same stacks at the same time: each stack must end as one entry with everybody's share.
enum { THREADS = 4, STACKS = 500, ROUNDS = 20 };

static void *intern_all(void *context) {
    for (uintptr_t round = 0; round < ROUNDS; round++) {
        for (uintptr_t i = 0; i < STACKS; i++) {
            stack_add_allocation(stack_table_intern(context, (uintptr_t[]){i, 99}, 2), 1, 2);
        }
    }
    return NULL;
}

static void add_up(struct stack *stack, void *context) {
    assert_true(stack_alloc_objects(stack) == THREADS * ROUNDS);
    assert_true(stack_alloc_bytes(stack) == 2 * THREADS * ROUNDS);
    ++*(int *)context;
}

static void threads_share_entries(void **state) {
    (void)state;
    struct stack_table table = {0};
    assert_true(stack_table_open(&table, 4 << 20));
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, intern_all, &table), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    int seen = 0;
    stack_table_each(&table, add_up, &seen);
    assert_int_equal(seen, STACKS);
    assert_int_equal(table.count, STACKS);
    stack_table_close(&table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_stacks_are_one_entry),
        cmocka_unit_test(totals_add_up),
        cmocka_unit_test(full_gives_null_and_what_is_known_stays_found),
        cmocka_unit_test(a_limit_below_the_buckets_is_refused),
        cmocka_unit_test(threads_share_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
