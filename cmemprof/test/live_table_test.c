// live_table_test.c: what was added and not removed is there, once, whatever happens at the same time.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#include "../live_table.h"

static struct memory_budget budget;

static void open_table(struct live_table *table, size_t limit_bytes) {
    budget = (struct memory_budget){.limit_bytes = limit_bytes};
    live_table_open(table, &budget);
}

static const void *page(uintptr_t number) {
    return (const void *)(number << 12);
}

static struct live_sample sample_of(uintptr_t number) {
    return (struct live_sample){(struct stack *)number, number * 3, (double)number / 2};
}

static void sum_sizes(const struct live_sample *sample, void *context) {
    *(uint64_t *)context += sample->size_bytes;
}

static void only_certain_addresses_may_be_in_it(void **state) {
    (void)state;
    assert_true(live_table_may_hold((void *)0x7000));
    assert_true(live_table_may_hold((void *)0x7400));
    assert_true(live_table_may_hold((void *)0x7010)); // glibc's own mappings
    assert_false(live_table_may_hold((void *)0x7020));
    assert_false(live_table_may_hold((void *)0x7610));
    assert_false(live_table_may_hold((void *)0x7008));
}

static void what_goes_in_comes_out(void **state) {
    (void)state;
    struct live_table table;
    struct live_sample sample = sample_of(5), out;
    open_table(&table, 1 << 20);
    assert_false(live_table_remove(&table, page(5), &out));
    assert_true(live_table_add(&table, page(5), &sample));
    assert_false(live_table_remove(&table, (const char *)page(5) + 0x10, &out)); // another block
    assert_true(live_table_remove(&table, page(5), &out));
    assert_ptr_equal(out.stack, sample.stack);
    assert_int_equal(out.size_bytes, 15);
    assert_true(out.weight == 2.5);
    assert_false(live_table_remove(&table, page(5), &out));
    assert_int_equal(live_table_count(&table), 0);
    live_table_close(&table);
}

// A block of the profiler's own keeping is in the table and yet not alive.
static void a_resting_block_is_not_alive(void **state) {
    (void)state;
    struct live_table table;
    struct live_sample sample = sample_of(5), other = sample_of(9), out;
    struct live_place place, again;
    uint64_t sizes = 0;
    open_table(&table, 1 << 20);
    assert_int_equal(live_table_rest(&table, page(5), &place), LIVE_ABSENT);
    assert_null(place.slot);
    assert_true(live_table_add(&table, page(5), &sample));
    assert_int_equal(live_table_rest(&table, page(5), &place), LIVE_ALIVE);
    assert_int_equal(live_table_count(&table), 0);
    live_table_each(&table, sum_sizes, &sizes);
    assert_int_equal(sizes, 0);
    assert_true(live_table_seems_to_hold(&table, page(5))); // so that a second free of it is noticed
    assert_false(live_table_remove(&table, page(5), &out));
    assert_int_equal(live_table_rest(&table, page(5), &again), LIVE_RESTING);
    live_table_close(&table);
    assert_int_equal(budget.used_bytes, 0);

    open_table(&table, 1 << 20);
    assert_true(live_table_add(&table, page(5), &sample));
    assert_int_equal(live_table_rest(&table, page(5), &place), LIVE_ALIVE);
    live_table_wake(place, &other);
    assert_int_equal(live_table_count(&table), 1);
    live_table_each(&table, sum_sizes, &sizes);
    assert_int_equal(sizes, 27);
    assert_int_equal(live_table_rest(&table, page(5), &place), LIVE_ALIVE);
    live_table_drop(&table, place);
    assert_false(live_table_seems_to_hold(&table, page(5)));
    assert_int_equal(live_table_rest(&table, page(5), &place), LIVE_ABSENT);
    live_table_close(&table);
}

// The sequence in a key has 16 bits: it goes round and must not reach into the address.
static void a_slot_is_used_any_number_of_times(void **state) {
    (void)state;
    struct live_table table;
    struct live_sample out;
    struct live_place place;
    open_table(&table, 1 << 20);
    for (uintptr_t i = 1; i <= 50000; i++) {
        struct live_sample sample = sample_of(i);
        assert_true(live_table_add(&table, (const char *)page(5) + 0x10, &sample));
        assert_int_equal(live_table_rest(&table, (const char *)page(5) + 0x10, &place), LIVE_ALIVE);
        live_table_wake(place, &sample);
        assert_true(live_table_remove(&table, (const char *)page(5) + 0x10, &out));
        assert_int_equal(out.size_bytes, 3 * i);
    }
    assert_int_equal(live_table_count(&table), 0);
    live_table_close(&table);
}

// Two threads free one block at the same time: one of them is its keeper, never both and never none.
enum { RACES = 20000 };
static struct live_table raced;
static _Atomic uint32_t turn;
static _Atomic int keepers;

static void *free_again(void *context) {
    struct live_place place;
    (void)context;
    for (uint32_t i = 1; i <= RACES; i++) {
        while (turn != 2 * i) {
            sched_yield();
        }
        keepers += live_table_rest(&raced, page(5), &place) == LIVE_ALIVE;
        turn = 2 * i + 1;
    }
    return NULL;
}

static void a_block_freed_by_two_threads_has_one_keeper(void **state) {
    (void)state;
    struct live_sample sample = sample_of(5);
    struct live_place place;
    pthread_t thread;
    open_table(&raced, 1 << 20);
    assert_int_equal(pthread_create(&thread, NULL, free_again, NULL), 0);
    int wrong = 0;
    for (uint32_t i = 1; i <= RACES; i++) {
        if (i == 1) {
            wrong += !live_table_add(&raced, page(5), &sample);
        } else {
            live_table_rest(&raced, page(5), &place); // where it is
            live_table_wake(place, &sample);
        }
        keepers = 0;
        turn = 2 * i;
        keepers += live_table_rest(&raced, page(5), &place) == LIVE_ALIVE;
        while (turn != 2 * i + 1) {
            sched_yield();
        }
        wrong += keepers != 1;
    }
    pthread_join(thread, NULL);
    assert_int_equal(wrong, 0);
    live_table_close(&raced);
}

static void a_budget_is_shared_and_given_back(void **state) {
    (void)state;
    struct memory_budget small = {.limit_bytes = 100};
    assert_true(memory_budget_take(&small, 60));
    assert_false(memory_budget_take(&small, 41));
    assert_false(memory_budget_take(&small, SIZE_MAX));
    assert_true(memory_budget_take(&small, 40));
    small.limit_bytes = 50; // less than is in use: what is there stays
    assert_false(memory_budget_take(&small, 1));
    memory_budget_give(&small, 60);
    assert_false(memory_budget_take(&small, 11));
    assert_true(memory_budget_take(&small, 10));
    assert_int_equal(small.used_bytes, 50);

    struct live_table table;
    struct live_sample sample = sample_of(1);
    open_table(&table, 1000); // no level fits
    assert_false(live_table_add(&table, page(1), &sample));
    assert_false(live_table_seems_to_hold(&table, page(1)));
    assert_int_equal(budget.used_bytes, 0);
    budget.limit_bytes = 1 << 20;
    assert_true(live_table_add(&table, page(1), &sample));
    live_table_close(&table);
}

// NULL hashes to a slot of the filter as any block does, and empty slots have its address.
static void null_is_never_in_it(void **state) {
    (void)state;
    struct live_table table;
    struct live_sample sample = sample_of(1), out;
    open_table(&table, 1 << 20);
    uintptr_t like_null = 1;
    while (live_table_filter_slot(&table, page(like_null)) != live_table_filter_slot(&table, NULL)) {
        like_null++;
    }
    assert_true(live_table_add(&table, page(like_null), &sample));
    assert_false(live_table_seems_to_hold(&table, NULL));
    assert_false(live_table_remove(&table, NULL, &out));
    assert_int_equal(live_table_count(&table), 1);
    assert_true(live_table_seems_to_hold(&table, page(like_null)));
    assert_true(live_table_remove(&table, page(like_null), &out));
    assert_false(live_table_seems_to_hold(&table, page(like_null)));
    live_table_close(&table);
}

static void grows_to_its_limit_and_says_so(void **state) {
    (void)state;
    struct live_table table;
    struct live_sample out;
    open_table(&table, 1 << 20); // 1,024 + ... + 16,384 slots of 32 bytes
    uintptr_t added = 0;
    for (struct live_sample sample; sample = sample_of(added + 1), live_table_add(&table, page(added + 1), &sample); added++) {
    }
    assert_in_range(added, 10000, 32768);
    assert_true(budget.used_bytes <= 1 << 20);
    uint64_t sizes = 0;
    live_table_each(&table, sum_sizes, &sizes);
    assert_int_equal(sizes, 3 * added * (added + 1) / 2);
    // A place that becomes free is used again.
    assert_true(live_table_remove(&table, page(added / 2), &out));
    struct live_sample again = sample_of(added / 2);
    assert_true(live_table_add(&table, page(added / 2), &again));
    for (uintptr_t i = 1; i <= added; i++) {
        assert_true(live_table_remove(&table, page(i), &out));
        assert_int_equal(out.size_bytes, i * 3);
    }
    assert_int_equal(live_table_count(&table), 0);
    live_table_close(&table);
}

// Each thread adds and removes its own addresses, some handed to the next thread to remove, while a reader checks that every sample it
// sees is whole: size is three times the stack, always.
enum { THREADS = 3, ROUNDS = 200, BLOCKS = 300 };

struct worker {
    struct live_table *table;
    uintptr_t first;
    int errors;
};

static void *add_and_remove(void *context) {
    struct worker *worker = context;
    for (int round = 0; round < ROUNDS; round++) {
        for (uintptr_t i = worker->first; i < worker->first + BLOCKS; i++) {
            struct live_sample sample = sample_of(i);
            worker->errors += !live_table_add(worker->table, page(i), &sample);
        }
        for (uintptr_t i = worker->first; i < worker->first + BLOCKS; i++) {
            struct live_sample out;
            worker->errors += !live_table_remove(worker->table, page(i), &out) || out.size_bytes != i * 3;
        }
    }
    return NULL;
}

static void check_whole(const struct live_sample *sample, void *context) {
    *(int *)context += sample->size_bytes != (uintptr_t)sample->stack * 3 || sample->weight != (double)(uintptr_t)sample->stack / 2;
}

static void readers_never_see_half_a_sample(void **state) {
    (void)state;
    struct live_table table;
    open_table(&table, 4 << 20);
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){&table, 1 + (uintptr_t)i * BLOCKS, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, add_and_remove, &workers[i]), 0);
    }
    int torn = 0;
    for (int i = 0; i < 500; i++) {
        live_table_each(&table, check_whole, &torn);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].errors, 0);
    }
    assert_int_equal(torn, 0);
    assert_int_equal(live_table_count(&table), 0);
    live_table_close(&table);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_certain_addresses_may_be_in_it),
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(a_resting_block_is_not_alive),
        cmocka_unit_test(a_slot_is_used_any_number_of_times),
        cmocka_unit_test(a_block_freed_by_two_threads_has_one_keeper),
        cmocka_unit_test(a_budget_is_shared_and_given_back),
        cmocka_unit_test(null_is_never_in_it),
        cmocka_unit_test(grows_to_its_limit_and_says_so),
        cmocka_unit_test(readers_never_see_half_a_sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
