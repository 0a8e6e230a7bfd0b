// stack_table_test.c: equal stacks are one entry, different ones never, and the table says when it is full.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "../stack_table.h"

static struct memory_budget budget;

static bool open_table(struct stack_table *table, size_t limit_bytes) {
    budget = (struct memory_budget){.limit_bytes = limit_bytes};
    return stack_table_open(table, 64 << 20, &budget);
}

static void equal_stacks_are_one_entry(void **state) {
    (void)state;
    struct stack_table table = {0};
    assert_true(open_table(&table, 1 << 20));
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
    assert_true(open_table(&table, 1 << 20));
    struct stack *stack = stack_table_intern(&table, (uintptr_t[]){1}, 1);
    stack_add_allocations(stack, 1.25, 100, 1);
    stack_add_allocations(stack, 2.5, 0.5, 3);
    assert_true(stack_alloc_objects(stack) == 3.75);
    assert_true(stack_alloc_bytes(stack) == 100.5);
    assert_int_equal(stack_samples(stack), 4);
    stack_table_close(&table);
}

static void full_gives_null_and_what_is_known_stays_found(void **state) {
    (void)state;
    struct stack_table table = {0};
    assert_true(open_table(&table, STACK_TABLE_BUCKETS * sizeof(void *) + 4096));
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
    assert_false(open_table(&table, 4096));
    assert_int_equal(budget.used_bytes, 0);
}

static void retired_stacks_are_not_matched_any_more(void **state) {
    (void)state;
    struct stack_table table = {0};
    assert_true(open_table(&table, 1 << 20));
    uintptr_t pcs[] = {10, 20};
    struct stack *old = stack_table_intern(&table, pcs, 2);
    old->retired = 3;
    struct stack *now = stack_table_intern(&table, pcs, 2);
    assert_ptr_not_equal(now, old);
    assert_int_equal(now->retired, 0);
    assert_ptr_equal(stack_table_intern(&table, pcs, 2), now);
    assert_int_equal(table.count, 2); // the old one is still there for its blocks
    stack_table_close(&table);
}

static void count_stacks(struct stack *stack, void *context) {
    (void)stack;
    ++*(int *)context;
}

// Entries of one bucket, from both ends and the middle, go and come back.
static void unlinked_stacks_are_not_found(void **state) {
    (void)state;
    struct stack_table table = {0};
    struct stack *chain[3] = {0};
    size_t in_chain = 0;
    assert_true(open_table(&table, 8 << 20));
    chain[in_chain++] = stack_table_intern(&table, (uintptr_t[]){1}, 1);
    for (uintptr_t i = 2; in_chain < 3; i++) { // others that hash to its bucket
        struct stack *stack = stack_table_intern(&table, &i, 1);
        assert_non_null(stack);
        if (stack->hash % STACK_TABLE_BUCKETS == chain[0]->hash % STACK_TABLE_BUCKETS) {
            chain[in_chain++] = stack;
        }
    }
    uint64_t count = table.count;
    static const int order[] = {1, 0, 2}; // the middle, the oldest, the newest
    for (int i = 0; i < 3; i++) {
        stack_table_unlink(&table, chain[order[i]]);
        int seen = 0;
        stack_table_each(&table, count_stacks, &seen);
        assert_int_equal(seen, count - (uint64_t)i - 1);
        assert_int_equal(table.count, count - (uint64_t)i - 1);
    }
    stack_table_link(&table, chain[1]);
    assert_ptr_equal(stack_table_intern(&table, chain[1]->pcs, 1), chain[1]);
    assert_ptr_not_equal(stack_table_intern(&table, (uintptr_t[]){1}, 1), chain[0]);
    assert_int_equal(table.count, count - 1);
    stack_table_close(&table);
}

// Over its budget the table uses a larger entry than needed, and that one keeps its size.
static void a_larger_entry_is_better_than_none(void **state) {
    (void)state;
    struct stack_table table = {0};
    assert_true(open_table(&table, 1 << 20));
    uintptr_t pcs[3 * STACK_TABLE_BIN_FRAMES] = {1};
    struct stack *deep = stack_table_intern(&table, pcs, 3 * STACK_TABLE_BIN_FRAMES);
    stack_table_unlink(&table, deep);
    stack_table_free(&table, deep);
    size_t free_bytes = table.free_bytes;
    budget.limit_bytes = budget.used_bytes;
    struct stack *shallow = stack_table_intern(&table, pcs, 1);
    assert_ptr_equal(shallow, deep);
    assert_null(stack_table_intern(&table, pcs, 2));
    stack_table_unlink(&table, shallow);
    stack_table_free(&table, shallow);
    assert_int_equal(table.free_bytes, free_bytes);
    assert_ptr_equal(stack_table_intern(&table, pcs, 3 * STACK_TABLE_BIN_FRAMES), deep);
    stack_table_close(&table);
}

// An entry that was given back is the next one of its depth, as good as new; a deeper stack does not get it.
static void freed_entries_are_used_again(void **state) {
    (void)state;
    struct stack_table table = {0};
    assert_true(open_table(&table, 1 << 20));
    uintptr_t pcs[2 * STACK_TABLE_BIN_FRAMES] = {1, 2, 3};
    struct stack *stack = stack_table_intern(&table, pcs, STACK_TABLE_BIN_FRAMES);
    stack_add_allocations(stack, 5, 5, 5);
    stack->profiled_samples = 5;
    stack->retired = 2;
    stack_table_unlink(&table, stack);
    stack_table_free(&table, stack);
    size_t used = budget.used_bytes;
    assert_true(table.free_bytes >= sizeof *stack);
    assert_ptr_not_equal(stack_table_intern(&table, pcs, STACK_TABLE_BIN_FRAMES + 1), stack);
    assert_true(budget.used_bytes > used);
    used = budget.used_bytes;
    pcs[0] = 99;
    struct stack *next = stack_table_intern(&table, pcs, STACK_TABLE_BIN_FRAMES - 1);
    assert_ptr_equal(next, stack);
    assert_int_equal(budget.used_bytes, used);
    assert_int_equal(table.free_bytes, 0);
    assert_int_equal(next->depth_frames, STACK_TABLE_BIN_FRAMES - 1);
    assert_true(stack_alloc_objects(next) == 0 && stack_alloc_bytes(next) == 0);
    assert_int_equal(stack_samples(next) + next->profiled_samples + next->retired, 0);
    stack_table_close(&table);
}

// Threads intern the same stacks at the same time: each stack must end as one entry with everybody's share.
enum { THREADS = 4, STACKS = 500, ROUNDS = 20 };

static void *intern_all(void *context) {
    for (uintptr_t round = 0; round < ROUNDS; round++) {
        for (uintptr_t i = 0; i < STACKS; i++) {
            stack_add_allocations(stack_table_intern(context, (uintptr_t[]){i, 99}, 2), 1, 2, 1);
        }
    }
    return NULL;
}

static void add_up(struct stack *stack, void *context) {
    assert_true(stack_alloc_objects(stack) == THREADS * ROUNDS);
    assert_true(stack_alloc_bytes(stack) == 2 * THREADS * ROUNDS);
    assert_int_equal(stack_samples(stack), THREADS * ROUNDS);
    ++*(int *)context;
}

static void threads_share_entries(void **state) {
    (void)state;
    struct stack_table table = {0};
    assert_true(open_table(&table, 4 << 20));
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
        cmocka_unit_test(retired_stacks_are_not_matched_any_more),
        cmocka_unit_test(unlinked_stacks_are_not_found),
        cmocka_unit_test(a_larger_entry_is_better_than_none),
        cmocka_unit_test(freed_entries_are_used_again),
        cmocka_unit_test(threads_share_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
