// Tests of memory.c: resizing keeps the content, large blocks do not come from malloc, impossible sizes.

#include "../../base/test/test.h"

#include "sample_profile.h"

#include "../memory.h"

#include <pthread.h>
#include <stdatomic.h>

static void expect_filled(const uint8_t *block, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (block[i] != (uint8_t)(i * 7 + 1)) {
            fail_msg("byte %zu of %zu", i, size);
        }
    }
}

static void fill(uint8_t *block, size_t size) {
    for (size_t i = 0; i < size; i++) {
        block[i] = (uint8_t)(i * 7 + 1);
    }
}

TEST(contents_stay) {
    const size_t large = MEMORY_LARGE_BYTES - MEMORY_HEAD_BYTES;
    const size_t sizes[] = {0, 1, 100, large - 1, large, large + 1, 10 << 20, large * 2, large, large - 1, 5, 0, 5, 1 << 20};
    size_t before = 0;
    uint8_t *block = NULL;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        block = memory_resize(block, sizes[i]);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 16, 0);
        expect_filled(block, before < sizes[i] ? before : sizes[i]);
        fill(block, before = sizes[i]);
    }
    memory_free(block);
    memory_free(NULL);
}

TEST(zeroed_is_zero) {
    const size_t counts[] = {0, 1, 1000, 100000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (int round = 0; round < 2; round++) { // the second reuses the memory of the first
            uint64_t *items = memory_take_zeroed(counts[i], sizeof *items);
            assert_non_null(items);
            for (size_t at = 0; at < counts[i]; at++) {
                assert_int_equal(items[at], 0);
            }
            fill((uint8_t *)items, counts[i] * sizeof *items);
            memory_free(items);
        }
    }
}

TEST(no_memory_is_that_large) {
    uint8_t *block = memory_take(100);
    fill(block, 100);
    const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX / 2, PTRDIFF_MAX, (size_t)1 << 62};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_null(memory_take(sizes[i]));
        assert_null(memory_take_zeroed(sizes[i] / 8 + 1, 8));
        assert_null(memory_take_zeroed(sizes[i], 16));
        assert_null(memory_resize(NULL, sizes[i]));
        assert_null(memory_resize(block, sizes[i]));
    }
    expect_filled(block, 100);
    memory_free(block);
}

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
// glibc maps blocks of 200 KiB until one was freed.
TEST(thresholds_of_malloc_stay) {
    for (size_t size = 1; size < 16 << 20; size *= 3) {
        uint8_t *kept = memory_take(size), *zeroed = memory_take_zeroed(1, size);
        kept = memory_resize(kept, size * 4);
        assert_true(kept && zeroed);
        memory_free(kept);
        memory_free(zeroed);
    }
    enum { IS_MAPPED = 2 }; // flag in the word before a glibc block
    size_t *volatile block = malloc(200 * 1024);
    assert_true((block[-1] & IS_MAPPED) != 0);
    free(block);
}
#endif

TEST(budget) {
    struct merge_budget all = {.limit_bytes = 1 << 20}, one = {.limit_bytes = SIZE_MAX, .within = &all}, other = one;
    uint8_t *uncounted = memory_take(100), *small, *large;
    assert_null(merge_use_budget(&one));
    assert_ptr_equal(merge_budget_in_use(), &one);
    small = memory_take(1000);
    large = memory_take_zeroed(1, 500000);
    assert_true(small && large);
    assert_int_equal(one.used_bytes, 1000 + MEMORY_HEAD_BYTES + (500000 + MEMORY_HEAD_BYTES + 4095) / 4096 * 4096);
    assert_int_equal(all.used_bytes, one.used_bytes);
    merge_use_budget(&other);
    size_t used = all.used_bytes;
    assert_null(memory_take(600000)); // together they would have more
    assert_true(other.exceeded && !one.exceeded);
    assert_int_equal(other.used_bytes, 0);
    assert_int_equal(all.used_bytes, used);
    uncounted = memory_resize(uncounted, 1000); // still
    assert_int_equal(other.used_bytes, 0);
    assert_false(merge_budget_take(600000));
    assert_true(merge_budget_take(1 << 18));
    assert_int_equal(other.used_bytes, 1 << 18);
    merge_budget_give(1 << 18);
    // A block counts where it was taken.
    fill(small, 1000);
    small = memory_resize(small, 100000);
    expect_filled(small, 1000);
    assert_null(memory_resize(small, 1 << 20));
    assert_true(one.exceeded);
    expect_filled(small, 1000);
    small = memory_resize(small, 10);
    large = memory_resize(large, 300000);
    assert_null(memory_resize(large, 2 << 20));
    used = one.used_bytes;
    assert_int_equal(all.used_bytes, used);
    assert_int_equal(used, (300000 + MEMORY_HEAD_BYTES + 4095) / 4096 * 4096 + 4096);
    merge_use_budget(NULL);
    assert_true(merge_budget_take(SIZE_MAX));
    merge_budget_give(SIZE_MAX);
    memory_free(small);
    memory_free(large);
    memory_free(uncounted);
    assert_int_equal(one.used_bytes + other.used_bytes + all.used_bytes, 0);
}

static atomic_bool has_begun, has_ended;

static void *take_too_much(void *budget) {
    merge_use_budget(budget);
    has_begun = true;
    for (int i = 0; i < 500000; i++) {
        assert_false(merge_budget_take(90));
    }
    has_ended = true;
    return NULL;
}

// What another thread is refused is never missing here.
TEST(refused_elsewhere) {
    struct merge_budget all = {.limit_bytes = 100}, one = {.limit_bytes = SIZE_MAX, .within = &all}, other = one;
    pthread_t thread;
    merge_use_budget(&one);
    assert_true(merge_budget_take(20));
    assert_int_equal(pthread_create(&thread, NULL, take_too_much, &other), 0);
    while (!has_begun) {
    }
    while (!has_ended) {
        assert_true(merge_budget_take(10));
        merge_budget_give(10);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    merge_budget_give(20);
    merge_use_budget(NULL);
    assert_int_equal(one.used_bytes + other.used_bytes + all.used_bytes, 0);
    assert_true(other.exceeded && !one.exceeded);
}

// Whatever a profile needs counts; without room it fails as without memory, and leaves nothing.
TEST(budget_of_a_profile) {
    struct blob blob = sample_bytes(MERGE_RAW);
    size_t needed = 0;
    for (size_t limit = 0; !needed; limit += 1000) {
        struct merge_budget budget = {.limit_bytes = limit};
        merge_use_budget(&budget);
        struct profile *profile = profile_new();
        enum merge_error error = profile ? profile_decode(profile, blob.bytes, blob.size, NULL, NULL, NULL) : MERGE_NO_MEMORY;
        assert_true(error == MERGE_OK || error == MERGE_NO_MEMORY);
        assert_int_equal(error == MERGE_NO_MEMORY, budget.exceeded);
        needed = error == MERGE_OK ? budget.used_bytes : 0;
        assert_true(budget.used_bytes <= limit);
        profile_free(profile);
        merge_use_budget(NULL);
        assert_int_equal(budget.used_bytes, 0);
    }
    assert_true(needed > blob.size);
    free(blob.bytes);
}

int main(void) {
    return tests_run();
}
