// block_filter_test.c: counted blocks are always found, at every size and while it grows; others mostly are not.

#include "../../base/test/test.h"

#include <pthread.h>

#include "../block_filter.h"

static struct memory_budget budget;
enum { TAG = 5 };

static const void *at(uintptr_t address) {
    return (const void *)address;
}

static void open_filter(struct block_filter *filter, size_t counters) {
    budget = (struct memory_budget){.limit_bytes = 64 << 20};
    *filter = (struct block_filter){0};
    assert_true(block_filter_begin(filter, counters, &budget));
    block_filter_finish(filter);
    assert_int_equal(block_filter_size(filter), counters);
}

static void close_filter(struct block_filter *filter) {
    block_filter_close(filter, &budget);
    assert_int_equal(budget.used_bytes, 0);
    assert_int_equal(block_filter_size(filter), BLOCK_FILTER_SMALLEST);
}

TEST(counted_until_removed) {
    struct block_filter filter;
    open_filter(&filter, 1 << 16);
    assert_false(block_filter_may_hold(&filter, at(0x7f0000001230)));
    block_filter_add(&filter, at(0x7f0000001230), TAG);
    block_filter_add(&filter, at(0x7f0000001230), TAG); // two blocks that share a counter
    block_filter_remove(block_filter_present(&filter), at(0x7f0000001230));
    assert_true(block_filter_may_hold(&filter, at(0x7f0000001230)));
    block_filter_remove(block_filter_present(&filter), at(0x7f0000001230));
    assert_false(block_filter_may_hold(&filter, at(0x7f0000001230)));
    block_filter_remove(block_filter_present(&filter), at(0x7f0000001230)); // never below 0
    assert_false(block_filter_may_hold(&filter, at(0x7f0000001230)));
    close_filter(&filter);
}

// A counter of one block gives its tag; one of several cannot, nor can the last one of several.
TEST(counter_holds_the_tag) {
    struct block_filter filter;
    open_filter(&filter, 1 << 16);
    const void *block = at(0x7f0000001230);
    const _Atomic uint8_t *count = block_filter_count(block_filter_present(&filter), block);
    for (uint8_t tag = 1; tag <= BLOCK_FILTER_TAGS; tag++) {
        block_filter_add(&filter, block, tag);
        assert_int_equal(*count, tag);
        block_filter_remove(block_filter_present(&filter), block);
        assert_int_equal(*count, 0);
    }
    block_filter_add(&filter, block, 3);
    for (int more = 1; more <= 126; more++) {
        block_filter_add(&filter, block, more % 2 == 0 ? 3 : 4);
        assert_int_equal(*count, BLOCK_FILTER_TWO - 1 + more);
    }
    for (int less = 126; less > 0; less--) {
        block_filter_remove(block_filter_present(&filter), block);
        assert_int_equal(*count, BLOCK_FILTER_TWO - 2 + less);
    }
    assert_int_equal(*count, BLOCK_FILTER_ANYWHERE);
    block_filter_add(&filter, block, 3);
    assert_int_equal(*count, BLOCK_FILTER_TWO);
    block_filter_remove(block_filter_present(&filter), block);
    block_filter_remove(block_filter_present(&filter), block);
    assert_int_equal(*count, 0);
    close_filter(&filter);
}

// A saturated counter says yes for ever: needless searches, but no block missed.
TEST(saturated_counter_stays_saturated) {
    struct block_filter filter;
    open_filter(&filter, 1 << 16);
    for (int i = 0; i < 300; i++) {
        block_filter_add(&filter, at(0x5550), TAG);
    }
    for (int i = 0; i < 300; i++) {
        assert_true(block_filter_may_hold(&filter, at(0x5550)));
        block_filter_remove(block_filter_present(&filter), at(0x5550));
    }
    assert_true(block_filter_may_hold(&filter, at(0x5550)));
    close_filter(&filter);
}

TEST(usable_before_open) {
    struct block_filter filter = {0};
    size_t noticed = 0;
    assert_false(block_filter_may_hold(&filter, at(0x1000)));
    block_filter_add(&filter, at(0x1000), TAG);
    for (uintptr_t block = 0; block < 100000; block++) {
        noticed += block_filter_may_hold(&filter, at(block * 16));
    }
    assert_in_range(noticed, 50, 200); // one in 1,024
    block_filter_remove(block_filter_present(&filter), at(0x1000));
    assert_false(block_filter_may_hold(&filter, at(0x1000)));
}

static size_t distinct(struct block_filter *filter, uintptr_t step, size_t count) {
    size_t fresh = 0;
    for (size_t i = 0; i < count; i++) {
        fresh += !block_filter_may_hold(filter, at(0x7f1234560000 + i * step));
        block_filter_add(filter, at(0x7f1234560000 + i * step), TAG);
    }
    for (size_t i = 0; i < count; i++) {
        block_filter_remove(block_filter_present(filter), at(0x7f1234560000 + i * step));
    }
    return fresh;
}

// Allocators lay blocks out at strides: 16 bytes, a power of two, whole pages, thread heaps of 64 MiB.
TEST(strided_blocks_do_not_collide) {
    struct block_filter filter;
    open_filter(&filter, 1 << 18);
    for (int bits = 4; bits <= 26; bits++) {
        assert_in_range(distinct(&filter, (uintptr_t)1 << bits, 256), 250, 256);
        assert_in_range(distinct(&filter, ((uintptr_t)1 << bits) + 16, 1000), 900, 1000);
    }
    close_filter(&filter);
}

TEST(growth_misses_no_block) {
    struct block_filter filter;
    open_filter(&filter, 1 << 16);
    block_filter_add(&filter, at(0x1000), TAG);
    block_filter_add(&filter, at(0x2000), TAG);
    assert_false(block_filter_grows(&filter));
    assert_true(block_filter_is_still(&filter, block_filter_present(&filter)));
    assert_true(block_filter_begin(&filter, 1 << 18, &budget));
    struct block_counts *before = block_filter_present(&filter);
    assert_true(block_filter_grows(&filter));
    assert_false(block_filter_is_still(&filter, before));
    assert_false(block_filter_begin(&filter, 1 << 18, &budget)); // one at a time
    block_filter_add(&filter, at(0x3000), TAG);
    block_filter_remove(block_filter_present(&filter), at(0x2000));
    assert_true(block_filter_may_hold(&filter, at(0x3000)));
    block_filter_fill(&filter, at(0x1000), TAG);
    block_filter_fill(&filter, at(0x3000), TAG); // twice: it was added meanwhile
    block_filter_finish(&filter);
    assert_false(block_filter_is_still(&filter, before));
    assert_true(block_filter_is_still(&filter, block_filter_present(&filter)));
    assert_int_equal(block_filter_size(&filter), 1 << 18);
    assert_true(block_filter_may_hold(&filter, at(0x1000)));
    assert_false(block_filter_may_hold(&filter, at(0x2000)));
    assert_true(block_filter_may_hold(&filter, at(0x3000)));
    block_filter_remove(block_filter_present(&filter), at(0x1000));
    assert_false(block_filter_may_hold(&filter, at(0x1000)));
    close_filter(&filter);
}

// A growth that could not be settled is filled from the start the next time, without what came and went meanwhile.
TEST(unsettled_growth_restarts) {
    struct block_filter filter;
    open_filter(&filter, 1 << 16);
    assert_true(block_filter_begin(&filter, 1 << 18, &budget));
    for (uintptr_t i = 0; i < 5000; i++) {
        struct block_counts *counts = block_filter_add(&filter, at(0x7f0000000000 + i * 4096), TAG);
        block_filter_remove(counts, at(0x7f0000000000 + i * 4096));
    }
    block_filter_add(&filter, at(0x7f0000001230), TAG);
    block_filter_restart(&filter);
    assert_true(block_filter_grows(&filter));
    block_filter_fill(&filter, at(0x7f0000001230), TAG);
    block_filter_finish(&filter);
    assert_true(block_filter_may_hold(&filter, at(0x7f0000001230)));
    size_t counted = 0;
    for (size_t i = 0; i < block_filter_size(&filter); i++) {
        counted += block_filter_present(&filter)->of[i] != 0;
    }
    assert_int_equal(counted, 1);
    // Forked between the two steps of finish.
    filter.next = block_filter_present(&filter);
    block_filter_restart(&filter);
    assert_false(block_filter_grows(&filter));
    assert_true(block_filter_may_hold(&filter, at(0x7f0000001230)));
    close_filter(&filter);
}

TEST(unchanged_without_memory) {
    struct block_filter filter;
    open_filter(&filter, 1 << 16);
    budget.limit_bytes = budget.used_bytes + 1000;
    assert_false(block_filter_begin(&filter, 1 << 18, &budget));
    assert_false(block_filter_grows(&filter));
    close_filter(&filter);
}

// Threads change the same counters: nothing is lost.
enum { THREADS = 4, ROUNDS = 100000 };
static struct block_filter shared;

static void *up_and_down(void *context) {
    uintptr_t wrong = 0;
    for (uintptr_t i = 0; i < ROUNDS; i++) {
        const void *block = at(0x1000 + (i % 4) * 16 + ((uintptr_t)context << 44)); // the same counters for all
        block_filter_add(&shared, block, TAG);
        wrong += !block_filter_may_hold(&shared, block);
        block_filter_remove(block_filter_present(&shared), block);
    }
    return (void *)wrong;
}

TEST(concurrent_counts_are_exact) {
    pthread_t threads[THREADS];
    open_filter(&shared, 1 << 16);
    for (uintptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, up_and_down, (void *)i), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    for (uintptr_t i = 0; i < 4; i++) {
        assert_false(block_filter_may_hold(&shared, at(0x1000 + i * 16)));
    }
    close_filter(&shared);
}

int main(void) {
    return tests_run();
}
