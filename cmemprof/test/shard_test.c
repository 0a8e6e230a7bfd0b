// shard_test.c: one holder at a time, totals that arrive, and spare blocks whose classes hold what they promise.

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

// ---- Classes ----

static void every_size_fits_into_its_class(void **state) {
    (void)state;
    for (size_t size = 0; size <= SPARE_MOST_BYTES; size++) {
        unsigned class = spare_class(size);
        assert_true(class < SPARE_CLASSES);
        assert_true(spare_class_bytes(class) >= size);
        assert_true(class == 0 || spare_class_bytes(class - 1) < size); // and into none below
    }
}

static void a_block_is_kept_for_the_largest_class_that_it_holds(void **state) {
    (void)state;
    for (size_t usable = 0; usable <= 70000; usable++) {
        unsigned class = 99, expected = SPARE_CLASSES;
        while (expected > 0 && spare_class_bytes(expected - 1) > usable) {
            expected--;
        }
        if (spare_class_within(usable, &class)) {
            assert_int_equal(class, expected - 1);
        } else {
            assert_true(expected == 0 || usable >= SPARE_MOST_BYTES + 4096);
            assert_int_equal(class, 99);
        }
    }
    for (unsigned class = 0, again; class < SPARE_CLASSES; class ++) { // what a sample allocates comes back to where it was looked for
        assert_true(spare_class_within(spare_class_bytes(class), &again));
        assert_int_equal(again, class);
        assert_true(spare_class_within(spare_class_bytes(class) + 24, &again)); // allocators round up
        assert_int_equal(again, class);
    }
}

static void spares_are_one_a_class_and_bounded(void **state) {
    (void)state;
    struct spare_blocks spares = {0};
    char block;
    struct spare_block spare = {.block = &block};
    size_t bytes = 0;
    assert_null(spare_take(&spares, 3).block);
    for (unsigned class = SPARE_CLASSES; class -- > 0;) {
        bool fits = bytes + spare_class_bytes(class) <= SPARE_LIMIT_BYTES;
        assert_int_equal(spare_keep(&spares, class, spare), fits);
        assert_false(spare_keep(&spares, class, spare)); // taken, or no room
        bytes += fits ? spare_class_bytes(class) : 0;
        assert_int_equal(spares.bytes, bytes);
    }
    for (unsigned class = 0; class < SPARE_CLASSES; class ++) {
        spare_take(&spares, class);
        assert_null(spare_take(&spares, class).block);
    }
    assert_int_equal(spares.bytes, 0);
}

// ---- Shards ----

static void a_thread_keeps_to_its_shard_while_it_is_free(void **state) {
    (void)state;
    struct thread_state thread = {0};
    struct shard *own = shards_take(shards, &thread);
    assert_non_null(own);
    assert_true(thread.shard == own - shards + 1);
    assert_null(shards_take_own(shards, &thread));
    struct shard *other = shards_take(shards, &thread);
    assert_ptr_not_equal(other, own);
    shard_release(own);
    assert_ptr_equal(shards_take_own(shards, &thread), own);
    shard_release(own);
    assert_ptr_equal(shards_take(shards, &thread), own);
}

static void with_all_taken_there_is_none(void **state) {
    (void)state;
    struct thread_state thread = {0};
    for (int i = 0; i < SHARDS; i++) {
        assert_non_null(shards_take(shards, &thread));
    }
    assert_null(shards_take(shards, &thread));
    assert_false(shard_wait(&shards[7])); // gives up
    shard_release(&shards[7]);
    assert_true(shard_wait(&shards[7]));
    shard_release(&shards[7]);
    assert_ptr_equal(shards_take(shards, &thread), &shards[7]);
}

static void a_forked_child_gives_up_what_others_held(void **state) {
    (void)state;
    struct stack stack = {0};
    char block;
    for (int i = 0; i < 2; i++) {
        shards[i].stack = &stack;
        shards[i].samples = 9;
        spare_keep(&shards[i].spares, 2, (struct spare_block){.block = &block});
    }
    assert_true(shard_try(&shards[0])); // shard 1 is nobody's
    shards_after_fork(shards);
    assert_true(shard_try(&shards[0]));
    assert_null(shards[0].stack);
    assert_null(spare_take(&shards[0].spares, 2).block); // whose it was meanwhile is not known
    assert_int_equal(shards[0].samples, 9);
    assert_true(shard_try(&shards[1]));
    assert_null(shards[1].stack);
    assert_ptr_equal(spare_take(&shards[1].spares, 2).block, &block);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_fits_into_its_class),
        cmocka_unit_test(a_block_is_kept_for_the_largest_class_that_it_holds),
        cmocka_unit_test(spares_are_one_a_class_and_bounded),
        cmocka_unit_test_setup_teardown(a_thread_keeps_to_its_shard_while_it_is_free, make_shards, free_shards),
        cmocka_unit_test_setup_teardown(with_all_taken_there_is_none, make_shards, free_shards),
        cmocka_unit_test_setup_teardown(a_forked_child_gives_up_what_others_held, make_shards, free_shards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
