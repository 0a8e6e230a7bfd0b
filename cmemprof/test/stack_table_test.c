// stack_table_test.c: equal stacks share one entry, different ones never, and the table reports that it is full.

#include "../../base/test/test.h"

#include <pthread.h>

#include "../stack_table.h"

static struct memory_budget budget;

static bool open_table(struct stack_table *table, size_t limit_bytes) {
    budget = (struct memory_budget){.limit_bytes = limit_bytes};
    return stack_table_open(table, &budget, NULL);
}

TEST(equal_stacks_share_an_entry) {
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

static struct stack *intern_labelled(struct stack_table *table, const uintptr_t *pcs, uint32_t depth, struct stack *labels) {
    return stack_table_intern_as(table, STACK_OF_BLOCKS, stack_table_hash(pcs, depth), pcs, depth, labels);
}

TEST(other_labels_are_another_stack) {
    struct stack_table table = {0}, sets = {0};
    assert_true(open_table(&table, 1 << 20));
    assert_true(stack_table_open(&sets, &budget, &table.share));
    uintptr_t pcs[STACK_TABLE_MAX_FRAMES] = {10, 20, 30, 40, 50, 60, 70, 80};
    struct stack *one = stack_table_intern(&sets, (uintptr_t[]){1}, 1), *two = stack_table_intern(&sets, (uintptr_t[]){2}, 1);
    for (uint32_t depth = 0; depth < STACK_TABLE_MAX_FRAMES; depth += depth < 20 ? 1 : 100) { // the labels may need a larger entry
        struct stack *with_one = intern_labelled(&table, pcs, depth, one), *with_two = intern_labelled(&table, pcs, depth, two),
                     *without = stack_table_intern(&table, pcs, depth);
        assert_true(with_one != with_two && with_one != without && with_two != without);
        assert_ptr_equal(intern_labelled(&table, pcs, depth, one), with_one);
        assert_ptr_equal(stack_table_intern(&table, pcs, depth), without);
        assert_ptr_equal(stack_labels(with_one), one);
        assert_ptr_equal(stack_labels(with_two), two);
        assert_null(stack_labels(without));
        assert_int_equal(with_one->depth_frames, depth);
        assert_int_equal(stack_words(with_one), depth + 1);
        assert_int_equal(stack_words(without), depth);
        assert_true(stack_entry_bytes(with_one) >= sizeof *with_one + (depth + 1) * sizeof *pcs);
    }
    // A stack whose last address is what another one's labels are.
    pcs[8] = (uintptr_t)one;
    assert_ptr_not_equal(stack_table_intern(&table, pcs, 9), intern_labelled(&table, pcs, 8, one));
    assert_non_null(stack_table_intern(&table, pcs, STACK_TABLE_MAX_FRAMES));
    assert_null(intern_labelled(&table, pcs, STACK_TABLE_MAX_FRAMES, one));
    stack_table_close(&sets);
    stack_table_close(&table);
    assert_int_equal(budget.used_bytes, 0);
}

TEST(totals_add_up) {
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

TEST(full_table_still_finds_entries) {
    struct stack_table table = {0};
    assert_true(open_table(&table, 128 * 1024));
    uintptr_t pc = 1;
    while (stack_table_intern(&table, &pc, 1)) {
        pc++;
    }
    assert_true(pc > 20);
    uintptr_t first = 1;
    assert_non_null(stack_table_intern(&table, &first, 1));
    assert_int_equal(table.count, pc - 1);
    stack_table_close(&table);
}

TEST(rejects_limit_below_index) {
    struct stack_table table = {0};
    assert_false(open_table(&table, 4096));
    assert_int_equal(budget.used_bytes, 0);
}

TEST(retired_stacks_are_not_matched_any_more) {
    struct stack_table table = {0};
    assert_true(open_table(&table, 1 << 20));
    uintptr_t pcs[] = {10, 20};
    struct stack *old = stack_table_intern(&table, pcs, 2);
    stack_table_retire(&table, old, 3);
    assert_int_equal(old->retired, 3);
    struct stack *now = stack_table_intern(&table, pcs, 2);
    assert_ptr_not_equal(now, old);
    assert_int_equal(now->retired, 0);
    assert_ptr_equal(stack_table_intern(&table, pcs, 2), now);
    assert_int_equal(table.count, 2); // the old one stays for its blocks
    stack_table_close(&table);
}

static void count_stacks(struct stack *stack, void *context) {
    (void)stack;
    ++*(int *)context;
}

static int count_all(const struct stack_table *table) {
    int seen = 0;
    stack_table_each(table, count_stacks, &seen);
    return seen;
}

static int count_found(const struct stack_table *table) {
    int seen = 0;
    stack_table_each_found(table, count_stacks, &seen);
    return seen;
}

// Like reclaim.c, without other threads.
static void evict(struct stack_table *table, struct stack *stack) {
    stack_table_unlink(table, stack);
    stack_table_evict(table, stack);
}

static void tidy(struct stack_table *table) {
    struct stack_level *fresh = stack_table_renew_begin(table);
    if (fresh) {
        stack_index_free_levels(&table->index, stack_table_renew_finish(fresh));
    }
    stack_table_gather_free(table);
    stack_table_release_blocks(table);
}

// A stack deeper than the maximum is rejected.
TEST(rejects_too_deep_stack) {
    struct stack_table table = {0};
    static uintptr_t pcs[STACK_TABLE_MAX_FRAMES + 1] = {1};
    assert_true(open_table(&table, 1 << 20));
    assert_non_null(stack_table_intern(&table, pcs, STACK_TABLE_MAX_FRAMES));
    assert_null(stack_table_intern(&table, pcs, STACK_TABLE_MAX_FRAMES + 1));
    assert_non_null(stack_table_intern(&table, pcs, 0));
    assert_int_equal(count_all(&table), 2);
    stack_table_close(&table);
}

TEST(unlinked_stacks_are_not_found) {
    struct stack_table table = {0};
    assert_true(open_table(&table, 1 << 20));
    struct stack *stacks[100];
    for (uintptr_t i = 0; i < 100; i++) {
        stacks[i] = stack_table_intern(&table, &i, 1);
    }
    for (uintptr_t i = 0; i < 100; i += 2) {
        stack_table_unlink(&table, stacks[i]);
    }
    assert_int_equal(count_found(&table), 50);
    assert_int_equal(count_all(&table), 100); // their totals are kept
    for (uintptr_t i = 0; i < 100; i++) {
        struct stack *found = stack_table_intern(&table, &i, 1);
        assert_true((found == stacks[i]) == (i % 2 == 1));
    }
    stack_table_close(&table);
}

// However many there are, each is found, before and after a renewal of the index.
TEST(the_index_grows_and_shrinks) {
    enum { MANY = 200000, FEW = 300 };
    struct stack_table table = {0};
    static struct stack *stacks[MANY];
    assert_true(open_table(&table, (size_t)64 << 20));
    size_t empty = budget.used_bytes;
    for (uintptr_t i = 0; i < MANY; i++) {
        stacks[i] = stack_table_intern(&table, &i, 1);
        assert_non_null(stacks[i]);
        assert_ptr_equal(stack_table_intern(&table, &i, 1), stacks[i]);
    }
    assert_int_equal(table.count, MANY);
    for (int round = 0; round < 2; round++) {
        for (uintptr_t i = 0; i < MANY; i++) {
            assert_ptr_equal(stack_table_intern(&table, &i, 1), stacks[i]);
        }
        tidy(&table);
        assert_int_equal(count_found(&table), MANY);
    }
    assert_null(stack_table_renew_begin(&table)); // not worth it
    for (uintptr_t i = FEW; i < MANY; i++) {
        evict(&table, stacks[i]);
    }
    tidy(&table);
    assert_int_equal(count_found(&table), FEW);
    for (uintptr_t i = 0; i < FEW; i++) {
        assert_ptr_equal(stack_table_intern(&table, &i, 1), stacks[i]);
    }
    assert_true(budget.used_bytes < empty + (256 << 10)); // and the memory is returned to the budget
    stack_table_close(&table);
    assert_int_equal(budget.used_bytes, 0);
}

// A library that is loaded and unloaded repeatedly makes the same stacks: a search takes no more slots than before.
TEST(retired_stacks_do_not_slow_searches) {
    struct stack_table table = {0};
    assert_true(open_table(&table, 8 << 20));
    uintptr_t pcs[] = {10, 20};
    struct stack_level *level = table.index.newest;
    for (uint32_t i = 1; i <= 20000; i++) {
        stack_table_retire(&table, stack_table_intern(&table, pcs, 2), i);
    }
    assert_int_equal(count_found(&table), 0);
    assert_ptr_equal(table.index.newest, level); // it did not grow
    assert_int_equal(table.retired, 20000);
    assert_int_equal(count_all(&table), 20000);
    stack_table_close(&table);
}

// Over its budget the table uses a larger entry than needed, which keeps its size.
TEST(falls_back_to_larger_entries) {
    struct stack_table table = {0};
    assert_true(open_table(&table, 1 << 20));
    uintptr_t pcs[3 * STACK_TABLE_BIN_FRAMES] = {1};
    struct stack *deep = stack_table_intern(&table, pcs, 3 * STACK_TABLE_BIN_FRAMES);
    evict(&table, deep);
    size_t free_bytes = table.free_bytes;
    budget.limit_bytes = budget.used_bytes;
    struct stack *shallow = stack_table_intern(&table, pcs, 1);
    assert_ptr_equal(shallow, deep);
    evict(&table, shallow);
    assert_int_equal(table.free_bytes, free_bytes);
    assert_ptr_equal(stack_table_intern(&table, pcs, 3 * STACK_TABLE_BIN_FRAMES), deep);
    stack_table_close(&table);
}

// A freed entry is reused for the next stack of its depth, reset; a deeper stack does not get it. Its totals are kept.
TEST(evicted_entries_are_reused) {
    struct stack_table table = {0};
    assert_true(open_table(&table, 1 << 20));
    uintptr_t pcs[2 * STACK_TABLE_BIN_FRAMES] = {1, 2, 3};
    struct stack *stack = stack_table_intern(&table, pcs, STACK_TABLE_BIN_FRAMES);
    stack_add_allocations(stack, 5.4, 5.6, 5);
    stack_table_retire(&table, stack, 2);
    stack_table_evict(&table, stack);
    assert_int_equal(table.evicted[STACK_OF_BLOCKS].objects, 5); // rounded as in a profile
    assert_int_equal(table.evicted[STACK_OF_BLOCKS].bytes, 6);
    assert_int_equal(table.evicted[STACK_OF_BLOCKS].samples, 5);
    assert_int_equal(table.count + table.retired, 0);
    size_t used = budget.used_bytes;
    assert_ptr_not_equal(stack_table_intern(&table, pcs, STACK_TABLE_BIN_FRAMES + 1), stack);
    assert_true(budget.used_bytes > used);
    used = budget.used_bytes;
    pcs[0] = 99;
    struct stack *next = stack_table_intern(&table, pcs, STACK_TABLE_BIN_FRAMES - 1);
    assert_ptr_equal(next, stack);
    assert_int_equal(budget.used_bytes, used);
    assert_int_equal(next->depth_frames, STACK_TABLE_BIN_FRAMES - 1);
    assert_true(stack_alloc_objects(next) == 0 && stack_alloc_bytes(next) == 0);
    assert_int_equal(stack_samples(next) + next->touched + next->retired, 0);
    stack_table_close(&table);
}

// A block is returned when its last entry is freed. Until then its other entries are reused.
TEST(memory_is_returned_in_blocks) {
    enum { STACKS = 4000 };
    struct stack_table table = {0};
    static struct stack *stacks[STACKS];
    assert_true(open_table(&table, 8 << 20));
    for (uintptr_t i = 0; i < STACKS; i++) {
        uintptr_t pcs[20] = {i};
        stacks[i] = stack_table_intern(&table, pcs, 20);
    }
    size_t full = budget.used_bytes;
    for (uintptr_t i = 0; i < STACKS; i++) {
        if (i % 500 != 0) {
            evict(&table, stacks[i]);
        }
    }
    assert_int_equal(budget.used_bytes, full);
    tidy(&table);
    assert_true(budget.used_bytes < full / 4); // 8 blocks of 16 KiB, and the index
    assert_true(table.free_bytes > 8 * 15000);
    size_t used = budget.used_bytes;
    for (uintptr_t i = STACKS; i < STACKS + 300; i++) {
        uintptr_t pcs[20] = {i};
        assert_non_null(stack_table_intern(&table, pcs, 20));
    }
    assert_int_equal(budget.used_bytes, used);
    for (uintptr_t i = 0; i < STACKS; i += 500) {
        uintptr_t pcs[20] = {i};
        assert_ptr_equal(stack_table_intern(&table, pcs, 20), stacks[i]);
    }
    // A skipped second step is made up for.
    stack_table_gather_free(&table);
    stack_table_gather_free(&table);
    stack_table_release_blocks(&table);
    assert_int_equal(count_all(&table), 8 + 300);
    stack_table_close(&table);
    assert_int_equal(budget.used_bytes, 0);
}

// Threads intern the same stacks concurrently: each stack must end as one entry with the sum of all shares.
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

TEST(threads_share_entries) {
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
    return tests_run();
}
