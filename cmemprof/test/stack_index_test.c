// stack_index_test.c: what was put is found, and nothing else, in one level and in many, during and after a renewal.

#include "../../base/test/test.h"

#include "../stack_index.h"

static struct memory_budget budget;
static struct memory_share share;
static struct stack_index stacks;

static int index_setup(void **state) {
    (void)state;
    budget = (struct memory_budget){.limit_bytes = (size_t)64 << 20};
    share = (struct memory_share){.budget = &budget};
    return !stack_index_open(&stacks, &share);
}

static int index_teardown(void **state) {
    (void)state;
    stack_index_close(&stacks);
    return budget.used_bytes != 0;
}

// Stacks are just numbers here.
static struct stack *stack_of(uintptr_t number) {
    return (struct stack *)(number << 6);
}

static uint64_t hash_of(const struct stack *stack) {
    return ((uintptr_t)stack >> 6) * 0x9e3779b97f4a7c15u;
}

static bool is_it(const struct stack *stack, const void *key) {
    return stack == key;
}

static struct stack *find(struct stack *stack, struct stack_insertion *insertion) {
    return stack_index_find(&stacks, hash_of(stack), is_it, stack, insertion);
}

static bool is_found(uintptr_t number) {
    struct stack_insertion insertion;
    return find(stack_of(number), &insertion) == stack_of(number);
}

static void put(uintptr_t number) {
    struct stack_insertion insertion;
    enum stack_put result;
    do {
        assert_null(find(stack_of(number), &insertion));
        result = stack_index_put(&stacks, &insertion, hash_of(stack_of(number)), stack_of(number));
        assert_int_not_equal(result, STACK_PUT_FULL);
    } while (result == STACK_PUT_AGAIN);
}

TEST_IN(index, finds_what_was_put) {
    for (uintptr_t i = 1; i <= 30000; i++) {
        assert_false(is_found(i));
        put(i);
        assert_true(is_found(i));
    }
    for (uintptr_t i = 1; i <= 30000; i++) {
        assert_true(is_found(i));
        assert_false(is_found(i + 30000));
    }
}

// Two threads see the same free slot: the second must search again, and finds the first one's entry.
TEST_IN(index, concurrent_put_retries) {
    struct stack_insertion first, second;
    assert_null(find(stack_of(5), &first));
    assert_null(find(stack_of(5), &second));
    assert_int_equal(stack_index_put(&stacks, &first, hash_of(stack_of(5)), stack_of(5)), STACK_PUT);
    assert_int_equal(stack_index_put(&stacks, &second, hash_of(stack_of(5)), stack_of(5)), STACK_PUT_AGAIN);
    assert_ptr_equal(find(stack_of(5), &second), stack_of(5));
}

TEST_IN(index, removal_keeps_others) {
    for (uintptr_t i = 1; i <= 3000; i++) { // three quarters of the first level: many windows span more than a line
        put(i);
    }
    for (uintptr_t i = 1; i <= 3000; i += 3) {
        stack_index_remove(&stacks, hash_of(stack_of(i)), stack_of(i));
    }
    for (uintptr_t i = 1; i <= 3000; i++) {
        assert_true(is_found(i) == (i % 3 != 1));
    }
    size_t used = budget.used_bytes;
    for (uintptr_t i = 1; i <= 3000; i += 3) {
        put(i); // in freed slots
    }
    assert_int_equal(budget.used_bytes, used);
}

static void count(struct stack *stack, void *context) {
    (void)stack;
    ++*(int *)context;
}

// What is put or removed between begin and finish is kept or stays removed, and nothing is missing at any moment.
TEST_IN(index, levels_are_merged) {
    for (uintptr_t i = 1; i <= 20000; i++) {
        put(i);
    }
    size_t many = budget.used_bytes;
    struct stack_level *fresh = stack_index_renew_begin(&stacks, 20000), *old;
    assert_non_null(fresh);
    for (uintptr_t i = 1; i <= 20000; i++) {
        assert_true(is_found(i));
    }
    put(20001);
    stack_index_remove(&stacks, hash_of(stack_of(7)), stack_of(7));
    old = stack_index_renew_finish(fresh, hash_of);
    assert_non_null(old);
    stack_index_remove(&stacks, hash_of(stack_of(8)), stack_of(8));
    stack_index_free_levels(&stacks, old);
    int seen = 0;
    stack_index_each(&stacks, count, &seen);
    assert_int_equal(seen, 19999);
    for (uintptr_t i = 1; i <= 20001; i++) {
        assert_true(is_found(i) == (i != 7 && i != 8));
    }
    assert_true(budget.used_bytes < many + many / 2);
    assert_null(stack_index_renew_begin(&stacks, seen)); // not worth it
}

// Without memory it reports that it is full, and finds what it has.
TEST_IN(index, reports_full) {
    budget.limit_bytes = budget.used_bytes;
    enum stack_put result = STACK_PUT;
    uintptr_t number = 0;
    while (result != STACK_PUT_FULL) {
        struct stack_insertion insertion;
        assert_null(find(stack_of(++number), &insertion));
        result = stack_index_put(&stacks, &insertion, hash_of(stack_of(number)), stack_of(number));
        assert_int_not_equal(result, STACK_PUT_AGAIN);
    }
    assert_true(number > 3000);
    for (uintptr_t i = 1; i < number; i++) {
        assert_true(is_found(i));
    }
    assert_true(budget.refusals > 0);
}

int main(void) {
    return tests_run();
}
