// reclaim_test.c: when memory is short, stacks of which nothing is alive or new make room for others, and the books still balance. This
// program is hooked.

#include "own_profile.h"

#include <pthread.h>
#include <stdatomic.h>

#include "../profiler.h"
#include "../reclaim.h"

enum {
    DEPTH = 10,
    LIMIT_BYTES = 768 * 1024
}; // of which the filter of live blocks takes a third; 1,024 stacks of 12 frames and more, 208 bytes each, are 40 % of it

static __attribute__((noinline)) void *right(unsigned path, int depth, size_t size);

// Each path is a stack of its own.
static __attribute__((noinline)) void *left(unsigned path, int depth, size_t size) {
    void *block = depth == 0 ? malloc(size) : (path & 1 ? right : left)(path >> 1, depth - 1, size);
    __asm__ volatile("" : "+r"(block)); // no jump instead of a call
    return block;
}
static __attribute__((noinline)) void *right(unsigned path, int depth, size_t size) {
    void *block = depth == 0 ? malloc(size) : (path & 1 ? right : left)(path >> 1, depth - 1, size);
    __asm__ volatile("" : "+r"(block));
    return block;
}

static void take_and_check(void) {
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    assert_non_null(snapshot);
    assert_true(adds_up(snapshot));
    assert_true(in_use_was_allocated(snapshot));
    cmemprof_snapshot_free(snapshot);
}

// What the profile has of the stack that alone allocates blocks of this size.
static double allocated(size_t size) {
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    double objects = 0;
    for (size_t i = 0; i < snapshot->record_count; i++) {
        const struct record *record = &snapshot->records[i];
        objects += record->alloc_bytes == record->alloc_objects * (double)size ? record->alloc_objects : 0;
    }
    cmemprof_snapshot_free(snapshot);
    return objects;
}

static int start_all(void **state) {
    (void)state;
    cmemprof_set_memory_limit(LIMIT_BYTES);
    return cmemprof_start(1) != CMEMPROF_OK;
}

static int stop(void **state) {
    (void)state;
    cmemprof_stop();
    cmemprof_set_memory_limit(0);
    return 0;
}

static void fill_table(int depth, size_t size) {
    for (unsigned path = 0; path < 1u << depth; path++) {
        free(left(path, depth, size));
    }
}

static void stacks_of_the_past_make_room(void **state) {
    (void)state;
    void *alive = left(1, 3, 7777);
    fill_table(DEPTH + 2, 100); // four times as many as the limit can hold
    struct cmemprof_stats full = stats_now();
    assert_true(full.lost_stacks > 100);
    assert_true(full.own_bytes <= LIMIT_BYTES + sizeof profiler + SHARDS * SHARD_USED_BYTES);
    assert_int_equal(full.reclaimed_stacks, 0);

    take_and_check(); // they have been in no profile before: all stay
    assert_int_equal(stats_now().reclaimed_stacks, 0);
    void *changed = left(2, 3, 8888);
    assert_int_equal(stats_now().lost_stacks, full.lost_stacks + 1); // still full
    free(changed);

    take_and_check();
    struct cmemprof_stats after = stats_now();
    assert_true(after.reclaimed_stacks > 500);
    assert_true(after.reclaimed_samples >= after.reclaimed_stacks);
    assert_true(after.stacks < full.stacks / 4);
    assert_true(allocated(7777) == 1); // alive

    // Room for others, of the same depth.
    fill_table(DEPTH, 200);
    assert_int_equal(stats_now().lost_stacks, full.lost_stacks + 1);
    take_and_check();
    free(alive);
}

// What goes on allocating is kept, though none of it is alive.
static void a_stack_with_something_new_stays(void **state) {
    (void)state;
    uint64_t reclaimed = stats_now().reclaimed_stacks;
    take_and_check();
    take_and_check(); // what is left of others went
    for (int round = 1; round <= 5; round++) {
        free(left(5, 4, 9999));
        if (round < 5) {
            fill_table(DEPTH + 2, 300);
            take_and_check();
        }
    }
    assert_true(stats_now().reclaimed_stacks > reclaimed);
    assert_true(allocated(9999) == 5);
    fill_table(DEPTH + 2, 400);
    take_and_check();
    take_and_check();
    take_and_check();
    assert_true(allocated(9999) == 0); // nothing new for long: it went
}

static void nothing_goes_while_a_snapshot_is_held(void **state) {
    (void)state;
    struct cmemprof_snapshot *held = cmemprof_snapshot_take();
    fill_table(DEPTH + 2, 500);
    uint64_t reclaimed = stats_now().reclaimed_stacks;
    for (int i = 0; i < 4; i++) {
        take_and_check();
    }
    assert_int_equal(stats_now().reclaimed_stacks, reclaimed);
    cmemprof_snapshot_free(held);
    take_and_check();
    assert_true(stats_now().reclaimed_stacks > reclaimed);
}

static _Atomic bool enough;

// The stacks change slowly, so that there are always some that were left behind.
static void *fill_for_ever(void *context) {
    for (unsigned i = (unsigned)(uintptr_t)context; !atomic_load(&enough); i++) {
        void *volatile first = left(i >> 6, DEPTH, 50);
        void *volatile second = right(i & 7, 4, 60);
        free(first);
        free(second);
    }
    return NULL;
}

// Threads come to stacks at the moment they are taken away: nothing is lost in silence, and no block is alive without its stack.
static void threads_go_on_meanwhile(void **state) {
    (void)state;
    pthread_t threads[3];
    uint64_t reclaimed = stats_now().reclaimed_stacks;
    atomic_store(&enough, false);
    for (uintptr_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, fill_for_ever, (void *)(i * 1000003)), 0);
    }
    for (int i = 0; i < 200 || (stats_now().reclaimed_stacks == reclaimed && i < 3000); i++) {
        struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
        assert_non_null(snapshot);
        assert_true(in_use_was_allocated(snapshot));
        cmemprof_snapshot_free(snapshot);
    }
    atomic_store(&enough, true);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    take_and_check();
    assert_true(stats_now().reclaimed_stacks > reclaimed);
}

static void the_limit_follows_resident_memory(void **state) {
    (void)state;
    cmemprof_set_memory_limit(0);
    uint64_t limit = stats_now().limit_bytes;
    assert_true(limit >= 8 << 20 && limit < 1 << 30);
    cmemprof_set_memory_limit(12345678);
    assert_int_equal(stats_now().limit_bytes, 12345678);
    take_and_check();
    assert_int_equal(stats_now().limit_bytes, 12345678); // and a snapshot leaves it
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stacks_of_the_past_make_room, start_all, stop),
        cmocka_unit_test_setup_teardown(a_stack_with_something_new_stays, start_all, stop),
        cmocka_unit_test_setup_teardown(nothing_goes_while_a_snapshot_is_held, start_all, stop),
        cmocka_unit_test_setup_teardown(threads_go_on_meanwhile, start_all, stop),
        cmocka_unit_test_setup_teardown(the_limit_follows_resident_memory, start_all, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
