// shard_test.c: ownership, one holder at a time, and flushed totals.

#include "../../base/test/test.h"

#include <sys/resource.h>

#include "../shard.h"

static struct shards shards;

static int shards_setup(void **state) {
    (void)state;
    return !shards_open(&shards);
}

static int shards_teardown(void **state) {
    (void)state;
    shards_close(&shards);
    return 0;
}

TEST_IN(shards, thread_keeps_its_shard) {
    struct thread_state thread = {0};
    assert_null(shards_take_own(&shards, &thread)); // it has not looked for one yet
    struct shard *own = shards_take(&shards, &thread);
    assert_non_null(own);
    assert_true(thread.shard == own - shards.items + 1);
    assert_true(thread.shard <= SHARDS_OWNED);
    assert_null(shards_take_own(&shards, &thread));
    struct shard *other = shards_take(&shards, &thread);
    assert_ptr_not_equal(other, own);
    shard_release(own);
    assert_ptr_equal(shards_take_own(&shards, &thread), own);
    assert_int_equal(own->held, 1);
    shard_release(own);
    assert_ptr_equal(shards_take(&shards, &thread), own);
}

static unsigned visits;

static void count_visit(struct shard *shard) {
    assert_int_equal(shard->held, 0);
    assert_true(shard_is_wanted(shard));
    visits++;
}

TEST_IN(shards, only_used_shards_are_visited) {
    struct thread_state thread = {0};
    assert_null(shards_next(&shards, NULL));
    assert_int_equal(shards_settle(&shards, SHARDS_ALL, count_visit), 0);
    assert_int_equal(visits, 0);
    struct shard *own = shards_take(&shards, &thread);
    assert_int_equal(shards_settle(&shards, ~(UINT64_C(1) << (own - shards.items)), count_visit),
                     0); // shards outside of the mask are not waited for
    struct shard *other = shards_take(&shards, &thread);
    struct shard *first = own < other ? own : other, *second = own < other ? other : own;
    assert_ptr_equal(shards_next(&shards, NULL), first);
    assert_ptr_equal(shards_next(&shards, first), second);
    assert_null(shards_next(&shards, second));
    shard_release(other);
    assert_int_equal(visits, 0);
    assert_int_equal(shards_settle(&shards, SHARDS_ALL, count_visit), UINT64_C(1) << (own - shards.items)); // its holder stays
    assert_int_equal(visits, 1);
    shard_release(own);
}

static struct thread_state threads[SHARDS + 1];

// As many threads as there are shards, all with a sample in flight.
static void take_all(void) {
    memset(threads, 0, sizeof threads);
    for (int i = 0; i < SHARDS; i++) {
        assert_non_null(shards_take(&shards, &threads[i]));
    }
}

static void release_all(void) {
    for (int i = 0; i < SHARDS; i++) {
        shard_release(&shards.items[i]);
    }
}

TEST_IN(shards, later_thread_inherits_the_shard) {
    struct thread_state thread = {0}, elsewhere = {0};
    struct shard *own = shards_take(&shards, &thread);
    shard_release(own);
    thread = (struct thread_state){0};
    assert_ptr_equal(shards_take(&shards, &thread), own);
    assert_ptr_not_equal(shards_take(&shards, &elsewhere), own);
}

// A thread that was cancelled inside a sample never releases its shard; the next one at its address finds it usable.
TEST_IN(shards, unreleased_shard_is_recovered) {
    struct thread_state thread = {0};
    struct shard *own = shards_take(&shards, &thread);
    own->weight_interval = 1;
    assert_false(shard_wait(own));
    assert_true(own->stuck);
    struct rusage usage_before, usage_after;
    getrusage(RUSAGE_THREAD, &usage_before);
    assert_false(shard_wait(own)); // at once
    getrusage(RUSAGE_THREAD, &usage_after);
    assert_int_equal(usage_after.ru_nvcsw, usage_before.ru_nvcsw);
    thread = (struct thread_state){0};
    assert_ptr_equal(shards_take(&shards, &thread), own);
    assert_int_equal(own->held, 1);
    assert_int_equal(own->weight_interval, 0);
    shard_release(own);
    assert_true(shard_wait(own));
    assert_false(own->stuck);
    shard_leave(own);
}

// More threads than can own a shard, all with a sample in flight: no two get the same.
TEST_IN(shards, all_shards_held) {
    bool taken[SHARDS] = {false};
    memset(threads, 0, sizeof threads);
    for (int i = 0; i < SHARDS; i++) {
        struct shard *shard = shards_take(&shards, &threads[i]);
        assert_non_null(shard);
        assert_false(taken[shard - shards.items]);
        assert_true((shard - shards.items < SHARDS_OWNED) == (i < SHARDS_OWNED));
        taken[shard - shards.items] = true;
    }
    assert_null(shards_take(&shards, &threads[SHARDS]));
    assert_null(shards_take_own(&shards, &threads[SHARDS]));
    assert_false(shard_wait(&shards.items[7])); // times out
    assert_false(shard_is_wanted(&shards.items[7]));
    shard_release(&shards.items[SHARDS - 1]);
    assert_ptr_equal(shards_take(&shards, &threads[SHARDS]), &shards.items[SHARDS - 1]);
}

TEST_IN(shards, wanted_shard_is_not_taken) {
    struct thread_state thread = {0};
    struct shard *own = shards_take(&shards, &thread), *shared = &shards.items[SHARDS_OWNED + (thread.shard - 1) % SHARDS_SHARED];
    shard_release(own);
    assert_true(shard_wait(own));
    assert_true(shard_wait(shared));
    assert_ptr_equal(shards_take_own(&shards, &thread), own); // the caller has to check wanted
    assert_true(shard_is_wanted(own));
    shard_release(own);
    struct shard *another = shards_take(&shards, &thread);
    assert_true(another - shards.items >= SHARDS_OWNED && another != shared);
    assert_int_equal(own->held + shared->held, 0);
    shard_leave(own);
    shard_leave(shared);
    assert_false(shard_is_wanted(own));
    assert_ptr_equal(shards_take(&shards, &thread), own);
}

TEST_IN(shards, settle_waits_for_holders) {
    take_all();
    release_all();
    visits = 0;
    assert_int_equal(shards_settle(&shards, SHARDS_ALL, count_visit), 0);
    assert_int_equal(visits, SHARDS);
    shards.items[3].held = 1;
    assert_int_equal(shards_settle(&shards, SHARDS_ALL, count_visit), 1 << 3); // its holder stays
    assert_int_equal(visits, 2 * SHARDS - 1);
    assert_false(shard_is_wanted(&shards.items[2]) || shard_is_wanted(&shards.items[3]));
}

TEST_IN(shards, flush_adds_to_the_stack) {
    static struct stack stack;
    struct shard *shard = &shards.items[0];
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
        shard_flush(shard); // only once
        assert_true(stack_alloc_objects(&stack) == 5.0 * i);
        assert_true(stack_alloc_bytes(&stack) == 50.0 * i);
        assert_int_equal(stack_samples(&stack), 3 * i);
    }
}

TEST_IN(shards, forked_child_discards_others_shards) {
    static struct stack stack;
    take_all();
    release_all();
    for (int i = 0; i < 3; i++) {
        shards.items[i].stack = &stack;
        shards.items[i].samples = 9;
        shards.items[i].unflushed_samples = 2;
    }
    assert_true(shards_after_fork(&shards)); // none was held, so nothing changed
    assert_int_equal(shards.items[0].unflushed_samples, 2);
    shards.items[0].held = 1;   // by a sample
    shards.items[1].wanted = 1; // by a waiter that may have been about to flush it
    assert_false(shards_after_fork(&shards));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(shards.items[i].held, 0);
        assert_false(shard_is_wanted(&shards.items[i]));
        assert_null(shards.items[i].stack);
        assert_int_equal(shards.items[i].unflushed_samples, 0);
        assert_int_equal(shards.items[i].samples, 9);
    }
    assert_ptr_equal(shards.items[2].stack, &stack); // consistent
    assert_int_equal(shards.items[2].unflushed_samples, 2);
    assert_ptr_equal(shards_take(&shards, &threads[0]), &shards.items[threads[0].shard - 1]); // owners keep their shards
}

int main(void) {
    return tests_run();
}
