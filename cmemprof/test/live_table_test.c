// live_table_test.c: what was added and not removed is there, exactly once, whatever happens concurrently.

#include "../../base/test/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "../live_table.h"

static struct memory_budget budget;
enum { PART = 3 };

// limit_bytes excludes the filter.
static void open_table(struct live_table *table, size_t limit_bytes) {
    *table = (struct live_table){.budget = NULL};
    budget = (struct memory_budget){.limit_bytes = limit_bytes + LIVE_TABLE_FILTER_BYTES + 4096};
    assert_true(live_table_open(table, &budget, NULL));
}

static const void *page(uintptr_t number) {
    return (const void *)(number << 12);
}

static struct live_sample sample_of(uintptr_t number) {
    return (struct live_sample){(struct stack *)number, number * 3, (double)number / 2, (uint32_t)(number << 31 | number)};
}

static void sum_sizes(uintptr_t block, const struct live_sample *sample, void *context) {
    assert_int_equal(block, (uintptr_t)sample->stack << 12); // page() and sample_of()
    *(uint64_t *)context += sample->size_bytes;
}

// Allocators align to at least 8 bytes, and the kernel gives programs 47 bits.
TEST(rejects_impossible_addresses) {
    struct live_table table;
    struct live_sample sample = sample_of(1);
    open_table(&table, 1 << 20);
    assert_false(live_table_add(&table, PART, (void *)0x7004, &sample));
    assert_false(live_table_add(&table, PART, (void *)((uintptr_t)1 << 48), &sample));
    assert_false(live_table_may_hold(&table, (void *)0x7004));
    assert_true(live_table_add(&table, PART, (void *)0x7008, &sample));
    assert_true(live_table_add(&table, PART, (void *)0x7ffffffffff8, &sample));
    assert_int_equal(live_table_count(&table), 2);
    live_table_close(&table);
}

TEST(added_blocks_are_found) {
    struct live_table table;
    struct live_sample sample = sample_of(5), out;
    open_table(&table, 1 << 20);
    assert_false(live_table_remove(&table, page(5), &out));
    assert_true(live_table_add(&table, PART, page(5), &sample));
    assert_false(live_table_remove(&table, (const char *)page(5) + 0x10, &out)); // another block
    assert_true(live_table_remove(&table, page(5), &out));
    assert_ptr_equal(out.stack, sample.stack);
    assert_int_equal(out.size_bytes, 15);
    assert_true(out.weight == 2.5);
    assert_int_equal(out.birth_s, UINT32_C(1) << 31 | 5);
    assert_false(live_table_remove(&table, page(5), &out));
    assert_int_equal(live_table_count(&table), 0);
    live_table_close(&table);
}

// Blocks of several parts that share one counter: each is found, in whatever order they are removed.
TEST(blocks_with_shared_counter) {
    enum { BLOCKS = 4 };
    struct live_table table;
    open_table(&table, 1 << 20);
    const void *blocks[BLOCKS];
    unsigned found = 0;
    for (uintptr_t i = 1; found < BLOCKS; i++) {
        if (block_filter_count(block_filter_present(&table.filter), page(i)) ==
            block_filter_count(block_filter_present(&table.filter), page(1))) {
            blocks[found++] = page(i);
        }
    }
    for (unsigned order = 0; order < BLOCKS * BLOCKS; order++) {
        for (unsigned i = 0; i < BLOCKS; i++) {
            struct live_sample sample = sample_of(i + 1);
            assert_true(live_table_add(&table, i * 21, blocks[i], &sample)); // the first part, and the last
        }
        for (unsigned i = 0; i < BLOCKS; i++) {
            unsigned which = (i * (1 + 2 * (order / BLOCKS)) + order) % BLOCKS;
            struct live_sample out;
            assert_true(live_table_may_hold(&table, blocks[which]));
            assert_true(live_table_remove(&table, blocks[which], &out));
            assert_int_equal(out.size_bytes, 3 * (which + 1));
            assert_false(live_table_remove(&table, blocks[which], &out));
        }
        assert_false(live_table_may_hold(&table, blocks[0]));
    }
    assert_int_equal(live_table_count(&table), 0);
    live_table_close(&table);
}

// The sequence number in a key has 16 bits: it wraps and must not overflow into the address.
TEST(slots_are_reused) {
    struct live_table table;
    struct live_sample out;
    open_table(&table, 1 << 20);
    for (uintptr_t i = 1; i <= 50000; i++) {
        struct live_sample sample = sample_of(i);
        assert_true(live_table_add(&table, PART, (const char *)page(5) + 0x10, &sample));
        assert_true(live_table_remove(&table, (const char *)page(5) + 0x10, &out));
        assert_int_equal(out.size_bytes, 3 * i);
    }
    assert_int_equal(live_table_count(&table), 0);
    live_table_close(&table);
}

// Two threads free the same blocks concurrently, in the same order: exactly one of them removes each.
enum { RACE_ROUNDS = 40, RACE_BLOCKS = 500 };
static struct live_table raced;
static pthread_barrier_t race;
static _Atomic int removed[RACE_BLOCKS];

static void remove_all(void) {
    struct live_sample out;
    for (uint32_t i = 0; i < RACE_BLOCKS; i++) {
        removed[i] += live_table_remove(&raced, page(i + 1), &out);
    }
}

static void *free_again(void *context) {
    (void)context;
    for (int round = 0; round < RACE_ROUNDS; round++) {
        pthread_barrier_wait(&race);
        remove_all();
        pthread_barrier_wait(&race);
    }
    return NULL;
}

TEST(a_block_freed_by_two_threads_is_removed_once) {
    pthread_t thread;
    open_table(&raced, 1 << 20);
    pthread_barrier_init(&race, NULL, 2);
    assert_int_equal(pthread_create(&thread, NULL, free_again, NULL), 0);
    int wrong = 0;
    for (int round = 0; round < RACE_ROUNDS; round++) {
        for (uint32_t i = 0; i < RACE_BLOCKS; i++) {
            struct live_sample sample = sample_of(i + 1);
            wrong += !live_table_add(&raced, PART, page(i + 1), &sample);
            removed[i] = 0;
        }
        pthread_barrier_wait(&race);
        remove_all();
        pthread_barrier_wait(&race);
        for (uint32_t i = 0; i < RACE_BLOCKS; i++) {
            wrong += removed[i] != 1 || live_table_may_hold(&raced, page(i + 1));
        }
    }
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&race);
    assert_int_equal(wrong, 0);
    live_table_close(&raced);
}

TEST(budget_is_shared_and_returned) {
    struct memory_budget small = {.limit_bytes = 100};
    assert_true(memory_budget_take(&small, 60));
    assert_false(memory_budget_take(&small, 41));
    assert_false(memory_budget_take(&small, SIZE_MAX));
    assert_true(memory_budget_take(&small, 40));
    small.limit_bytes = 50; // less than is in use: existing samples stay
    assert_false(memory_budget_take(&small, 1));
    memory_budget_give(&small, 60);
    assert_false(memory_budget_take(&small, 11));
    assert_true(memory_budget_take(&small, 10));
    assert_int_equal(small.used_bytes, 50);

    struct live_table table;
    struct live_sample sample = sample_of(1);
    open_table(&table, 1000); // no level fits
    size_t used = budget.used_bytes;
    assert_false(live_table_add(&table, PART, page(1), &sample));
    assert_false(live_table_may_hold(&table, page(1)));
    assert_int_equal(budget.used_bytes, used);
    budget.limit_bytes = 1 << 20;
    assert_true(live_table_add(&table, PART, page(1), &sample));
    live_table_close(&table);
    assert_int_equal(budget.used_bytes, 0);

    table = (struct live_table){.budget = NULL};
    budget.limit_bytes = 1000; // nor the filter
    assert_false(live_table_open(&table, &budget, NULL));
    assert_false(live_table_may_hold(&table, page(1)));
    assert_int_equal(budget.used_bytes, 0);
}

// NULL has a counter like any address, and free slots have its address.
TEST(never_contains_null) {
    struct live_table table;
    struct live_sample sample = sample_of(1), out;
    open_table(&table, 1 << 20);
    const void *like_null = (const void *)8; // the same counter
    assert_true(live_table_add(&table, PART, like_null, &sample));
    assert_true(live_table_may_hold(&table, NULL));
    assert_false(live_table_remove(&table, NULL, &out));
    assert_int_equal(live_table_count(&table), 1);
    assert_true(live_table_remove(&table, like_null, &out));
    assert_false(live_table_may_hold(&table, NULL));
    live_table_close(&table);
}

TEST(grows_to_its_limit) {
    struct live_table table;
    struct live_sample out;
    open_table(&table, 1 << 20); // 128 + ... + 16,384 slots of 32 bytes
    uintptr_t added = 0;
    for (struct live_sample sample; sample = sample_of(added + 1), live_table_add(&table, PART, page(added + 1), &sample); added++) {
    }
    assert_in_range(added, 10000, 32768);
    assert_true(budget.used_bytes <= budget.limit_bytes);
    uint64_t sizes = 0;
    live_table_each(&table, sum_sizes, &sizes);
    assert_int_equal(sizes, 3 * added * (added + 1) / 2);
    // A freed slot is reused.
    assert_true(live_table_remove(&table, page(added / 2), &out));
    struct live_sample again = sample_of(added / 2);
    assert_true(live_table_add(&table, PART, page(added / 2), &again));
    for (uintptr_t i = 1; i <= added; i++) {
        assert_true(live_table_remove(&table, page(i), &out));
        assert_int_equal(out.size_bytes, i * 3);
    }
    assert_int_equal(live_table_count(&table), 0);
    live_table_close(&table);
}

// ---- Tidying up ----

static bool nobody_adds(void *context) {
    ++*(int *)context;
    return true;
}

static bool somebody_adds(void *context) {
    ++*(int *)context;
    return false;
}

static void add_range(struct live_table *table, uintptr_t from, uintptr_t to) {
    for (uintptr_t i = from; i < to; i++) {
        struct live_sample sample = sample_of(i);
        assert_true(live_table_add(table, PART, page(i), &sample));
    }
}

static void remove_range(struct live_table *table, uintptr_t from, uintptr_t to) {
    for (uintptr_t i = from; i < to; i++) {
        struct live_sample out;
        assert_true(live_table_remove(table, page(i), &out));
        assert_int_equal(out.size_bytes, i * 3);
    }
}

static size_t held(struct live_table *table, uintptr_t from, uintptr_t to) {
    size_t held = 0;
    for (uintptr_t i = from; i < to; i++) {
        held += live_table_may_hold(table, page(i));
    }
    return held;
}

// The number of 100,000 random addresses that are searched for in vain.
static size_t held_in_vain(struct live_table *table) {
    size_t held = 0;
    for (uint64_t i = 1; i <= 100000; i++) {
        held += live_table_may_hold(table, (const void *)(uintptr_t)((i * 0x9e3779b97f4a7c15u >> 20) << 4));
    }
    return held;
}

// With 100,000 live, few others are searched for, and no live block is missed, whenever it was added.
TEST(filter_grows_with_live_blocks) {
    enum { ALIVE = 100000 };
    struct live_table table;
    int settled = 0;
    open_table(&table, 64 << 20);
    add_range(&table, 1, ALIVE);
    size_t before = held_in_vain(&table);
    assert_true(before > 25000);
    live_table_tidy(&table, somebody_adds, &settled); // an add is in flight: continues the next time
    assert_int_equal(block_filter_size(&table.filter), LIVE_TABLE_FILTER_BYTES);
    add_range(&table, ALIVE, ALIVE + 10);
    live_table_tidy(&table, nobody_adds, &settled);
    assert_int_equal(settled, 2);
    assert_true(block_filter_size(&table.filter) >= 8 * ALIVE);
    assert_int_equal(held(&table, 1, ALIVE + 10), ALIVE + 9); // all of them
    assert_true(held_in_vain(&table) < before / 3);
    remove_range(&table, 1, ALIVE + 10);
    assert_int_equal(held(&table, 1, ALIVE + 10), 0); // also those added while it could not continue
    live_table_tidy(&table, nobody_adds, &settled);
    live_table_close(&table);
    assert_int_equal(budget.used_bytes, 0);
}

// After a burst its memory is returned level by level, and can be used again.
TEST(empty_levels_are_returned) {
    enum { FEW = 500, BURST = 50000 };
    struct live_table table;
    int settled = 0;
    open_table(&table, 16 << 20);
    add_range(&table, 1, FEW);
    size_t small = budget.used_bytes;
    for (int round = 0; round < 3; round++) {
        add_range(&table, FEW, BURST);
        size_t large = budget.used_bytes;
        remove_range(&table, FEW, BURST);
        for (int i = 0; i < 10; i++) {
            live_table_tidy(&table, nobody_adds, &settled);
        }
        // Earlier live samples are in the first level; the other levels' headers and the filter stay.
        assert_true(budget.used_bytes < small + 10 * 4096 + 1024 * 1024 + 4096);
        assert_true(budget.used_bytes < large - (BURST - 2000) * 32);
        assert_int_equal(live_table_count(&table), FEW - 1);
        uint64_t sizes = 0;
        live_table_each(&table, sum_sizes, &sizes);
        assert_int_equal(sizes, 3 * FEW * (FEW - 1) / 2);
    }
    remove_range(&table, 1, FEW);
    live_table_close(&table);
    assert_int_equal(budget.used_bytes, 0);
}

// The limit rises in small steps, as for a growing process: each buys a small level, and in the end the table can still double.
TEST(small_levels_leave_levels_for_doubling) {
    struct live_table table;
    open_table(&table, 1 << 20);
    uintptr_t added = 0;
    for (int step = 0; step < 60; step++) {
        for (struct live_sample sample; sample = sample_of(added + 1), live_table_add(&table, PART, page(added + 1), &sample); added++) {
        }
        assert_true(budget.used_bytes <= budget.limit_bytes);
        budget.limit_bytes += 64 << 10;
    }
    budget.limit_bytes = (size_t)256 << 20;
    add_range(&table, added + 1, 500000);
    assert_true(budget.used_bytes < (size_t)500000 * 110 + LIVE_TABLE_FILTER_BYTES);
    live_table_close(&table);
}

TEST(many_live_blocks_want_a_larger_filter) {
    struct live_table table;
    int settled = 0;
    open_table(&table, 64 << 20);
    add_range(&table, 1, 10000);
    assert_false(live_table_needs_tidying(&table));
    add_range(&table, 10000, 100000);
    assert_true(live_table_needs_tidying(&table));
    live_table_tidy(&table, nobody_adds, &settled);
    assert_false(live_table_needs_tidying(&table));
    live_table_close(&table);
}

// Blocks are counted in both filters until it is done, also if hardly any are left.
TEST(a_larger_filter_that_is_not_done_wants_to_be) {
    struct live_table table;
    int settled = 0;
    open_table(&table, 64 << 20);
    add_range(&table, 1, 100000);
    live_table_tidy(&table, somebody_adds, &settled);
    remove_range(&table, 1, 99990);
    assert_true(live_table_needs_tidying(&table));
    live_table_tidy(&table, nobody_adds, &settled);
    assert_false(live_table_needs_tidying(&table));
    live_table_close(&table);
}

// Each part in use has room for many.
TEST(few_blocks_of_many_threads_want_no_larger_filter) {
    struct live_table table;
    open_table(&table, 64 << 20);
    for (unsigned part = 0; part < LIVE_TABLE_PARTS; part++) {
        struct live_sample sample = sample_of(part + 1);
        assert_true(live_table_add(&table, part, page(part + 1), &sample));
    }
    assert_false(live_table_needs_tidying(&table));
    live_table_close(&table);
}

// A level that a thread may be adding to is not returned.
TEST(level_in_use_is_not_returned) {
    struct live_table table;
    int settled = 0;
    open_table(&table, 16 << 20);
    add_range(&table, 1, 5000);
    remove_range(&table, 1, 5000);
    size_t used = budget.used_bytes;
    for (int i = 0; i < 10; i++) {
        live_table_tidy(&table, somebody_adds, &settled);
    }
    assert_true(settled > 0);
    assert_int_equal(budget.used_bytes, used);
    add_range(&table, 1, 5000);
    assert_int_equal(budget.used_bytes, used);
    assert_int_equal(live_table_count(&table), 4999);
    live_table_close(&table);
}

static void fill_one(struct block_filter *filter) {
    block_filter_fill(filter, page(123), BLOCK_FILTER_ANYWHERE);
}

TEST(other_blocks_are_in_every_filter) {
    struct live_table table = {.budget = NULL};
    int settled = 0;
    budget = (struct memory_budget){.limit_bytes = 64 << 20};
    assert_true(live_table_open(&table, &budget, fill_one));
    assert_true(live_table_may_hold(&table, page(123)));
    add_range(&table, 1000, 51000);
    live_table_tidy(&table, nobody_adds, &settled);
    assert_true(block_filter_size(&table.filter) > LIVE_TABLE_FILTER_BYTES);
    remove_range(&table, 1000, 51000);
    assert_true(live_table_may_hold(&table, page(123)));
    live_table_close(&table);
}

// Each thread adds and removes its own addresses, hands some to the next thread to remove, while a reader checks that every sample is
// consistent: size is always three times the stack.
enum { THREADS = 3, ROUNDS = 200, BLOCKS = 300 };

struct worker {
    struct live_table *table;
    unsigned part;
    uintptr_t first;
    int errors;
};

static void *add_and_remove(void *context) {
    struct worker *worker = context;
    for (int round = 0; round < ROUNDS; round++) {
        for (uintptr_t i = worker->first; i < worker->first + BLOCKS; i++) {
            struct live_sample sample = sample_of(i);
            worker->errors += !live_table_add(worker->table, worker->part, page(i), &sample);
        }
        for (uintptr_t i = worker->first; i < worker->first + BLOCKS; i++) {
            struct live_sample out;
            worker->errors += !live_table_remove(worker->table, page(i), &out) || out.size_bytes != i * 3;
        }
    }
    return NULL;
}

static void check_whole(uintptr_t block, const struct live_sample *sample, void *context) {
    (void)block;
    *(int *)context += sample->size_bytes != (uintptr_t)sample->stack * 3 || sample->weight != (double)(uintptr_t)sample->stack / 2;
}

TEST(readers_see_whole_samples) {
    struct live_table table;
    open_table(&table, 4 << 20);
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){&table, (unsigned)i, 1 + (uintptr_t)i * BLOCKS, 0};
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

// The fast way takes what was born now, and leaves everything else as it is.
TEST(young_blocks_are_removed_at_once) {
    struct live_table table;
    struct live_sample sample = sample_of(5);
    open_table(&table, 1 << 20);
    assert_false(live_table_remove_young(&table, NULL, 0)); // free slots have address 0
    assert_false(live_table_remove_young(&table, page(5), sample.birth_s));
    assert_true(live_table_add(&table, PART, page(5), &sample));
    assert_false(live_table_remove_young(&table, NULL, 0));
    assert_false(live_table_remove_young(&table, page(5), sample.birth_s + 1));
    assert_false(live_table_remove_young(&table, page(6), sample.birth_s));
    assert_int_equal(live_table_count(&table), 1);
    assert_true(live_table_remove_young(&table, page(5), sample.birth_s));
    assert_int_equal(live_table_count(&table), 0);
    assert_false(live_table_may_hold(&table, page(5)));
    assert_false(live_table_remove_young(&table, page(5), sample.birth_s));
    live_table_close(&table);
}

int main(void) {
    return tests_run();
}
