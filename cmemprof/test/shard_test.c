// shard_test.c: one holder at a time, and totals that arrive.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "../shard.h"

static struct shard *shards;

static int make_shards(void **state) {
    (void)state;
    shards = aligned_alloc(64, SHARDS * sizeof *shards);
    memset(shards, 0, SHARDS * sizeof *shards);
    return 0;
}

static int free_shards(void **state) {
    (void)state;
    free(shards);
    return 0;
}

static void a_thread_keeps_to_its_shard_while_it_is_free(void **state) {
    (void)state;
    struct thread_state thread = {0};
    struct shard *own = shards_take(shards, &thread);
    assert_non_null(own);
    assert_true(thread.shard == own - shards + 1);
    struct shard *other = shards_take(shards, &thread);
    assert_ptr_not_equal(other, own);
    shard_release(own);
    assert_ptr_equal(shards_take(shards, &thread), own);
}

static unsigned visits;

static void count_visit(struct shard *shard) {
    assert_int_equal(shard->held, 1);
    visits++;
}

// Before anybody wants them, which the order of the tests sees to.
static void only_used_shards_are_looked_at(void **state) {
    (void)state;
    struct thread_state thread = {0};
    assert_null(shards_next(shards, NULL));
    assert_int_equal(shards_settle(shards, SHARDS_ALL, count_visit), 0);
    assert_int_equal(visits, 0);
    struct shard *own = shards_take(shards, &thread);
    assert_int_equal(shards_settle(shards, ~(UINT64_C(1) << (own - shards)), count_visit), 0); // of one that was not asked for nobody waits
    struct shard *other = shards_take(shards, &thread);
    struct shard *first = own < other ? own : other, *second = own < other ? other : own;
    assert_ptr_equal(shards_next(shards, NULL), first);
    assert_ptr_equal(shards_next(shards, first), second);
    assert_null(shards_next(shards, second));
    shard_release(other);
    assert_int_equal(visits, 0);
    assert_int_equal(shards_settle(shards, SHARDS_ALL, count_visit), UINT64_C(1) << (own - shards)); // its holder stays
    assert_int_equal(visits, 1);
    shard_release(own);
}

static void take_all(struct thread_state *thread) {
    for (int i = 0; i < SHARDS; i++) {
        assert_non_null(shards_take(shards, thread));
    }
}

static void release_all(void) {
    for (int i = 0; i < SHARDS; i++) {
        shard_release(&shards[i]);
    }
}

static void with_all_taken_there_is_none(void **state) {
    (void)state;
    struct thread_state thread = {0};
    take_all(&thread);
    assert_null(shards_take(shards, &thread));
    assert_false(shard_wait(&shards[7])); // gives up
    shard_release(&shards[7]);
    assert_true(shard_wait(&shards[7]));
    shard_release(&shards[7]);
    assert_ptr_equal(shards_take(shards, &thread), &shards[7]);
}

static void all_have_let_go_once_it_is_settled(void **state) {
    (void)state;
    struct thread_state thread = {0};
    take_all(&thread);
    release_all();
    visits = 0;
    assert_int_equal(shards_settle(shards, SHARDS_ALL, count_visit), 0);
    assert_int_equal(visits, SHARDS);
    assert_true(shard_try(&shards[3]));
    assert_int_equal(shards_settle(shards, SHARDS_ALL, count_visit), 1 << 3);
    assert_int_equal(visits, 2 * SHARDS - 1);
    assert_int_equal(shards[2].held, 0);
}

static void what_was_allocated_reaches_the_stack(void **state) {
    (void)state;
    static struct stack stack;
    struct shard *shard = &shards[0];
    shard_flush(shard); // nothing yet
    shard->stack = &stack;
    for (int i = 1; i <= 2; i++) {
        shard->objects = 5, shard->bytes = 50, shard->unflushed_samples = 3;
        if (i == 1) {
            shard_flush(shard);
            assert_ptr_equal(shard->stack, &stack);
        } else {
            shard_forget(shard);
            assert_null(shard->stack);
        }
        shard_flush(shard); // once only
        assert_true(stack_alloc_objects(&stack) == 5.0 * i);
        assert_true(stack_alloc_bytes(&stack) == 50.0 * i);
        assert_int_equal(stack_samples(&stack), 3 * i);
    }
}

static void a_forked_child_gives_up_what_others_held(void **state) {
    (void)state;
    static struct stack stack;
    struct thread_state thread = {0};
    take_all(&thread);
    release_all();
    for (int i = 0; i < 2; i++) {
        shards[i].stack = &stack;
        shards[i].samples = 9;
        shards[i].unflushed_samples = 2;
    }
    assert_true(shards_after_fork(shards)); // nobody held one, so all is as it was
    assert_int_equal(shards[0].unflushed_samples, 2);
    assert_true(shard_try(&shards[0]));
    shards[1].wanted = 1;
    assert_false(shards_after_fork(shards));
    assert_true(shard_try(&shards[0]));
    assert_null(shards[0].stack);
    assert_int_equal(shards[0].unflushed_samples, 0);
    assert_int_equal(shards[0].samples, 9);
    assert_true(shard_try(&shards[1]));
    assert_ptr_equal(shards[1].stack, &stack); // whole
    assert_int_equal(shards[1].unflushed_samples, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_used_shards_are_looked_at, make_shards, free_shards),
        cmocka_unit_test_setup_teardown(a_thread_keeps_to_its_shard_while_it_is_free, make_shards, free_shards),
        cmocka_unit_test_setup_teardown(with_all_taken_there_is_none, make_shards, free_shards),
        cmocka_unit_test_setup_teardown(all_have_let_go_once_it_is_settled, make_shards, free_shards),
        cmocka_unit_test_setup_teardown(what_was_allocated_reaches_the_stack, make_shards, free_shards),
        cmocka_unit_test_setup_teardown(a_forked_child_gives_up_what_others_held, make_shards, free_shards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
