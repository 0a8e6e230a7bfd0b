// memory_budget_test.c: returned memory is available to all, a share leaves a quarter to the others, and fixed memory counts.

#include "../../base/test/test.h"

#include "../memory_budget.h"

TEST(returned_memory_is_shared) {
    struct memory_budget budget = {.limit_bytes = 1000};
    struct memory_share share = {.budget = &budget};
    assert_false(memory_share_take(&share, 751));
    assert_true(memory_share_take(&share, 750));
    assert_false(memory_share_take(&share, 1));
    assert_false(memory_share_take(&share, SIZE_MAX));
    assert_true(memory_budget_take(&budget, 250));
    assert_false(memory_budget_take(&budget, 1));
    assert_int_equal(budget.refusals, 4);
    memory_share_give(&share, 500);
    assert_true(memory_budget_take(&budget, 500));
    assert_false(memory_share_take(&share, 100)); // within its share, but not within the budget
    assert_int_equal(share.used_bytes, 250);
    assert_int_equal(budget.used_bytes, 1000);
}

TEST(a_share_within_another_has_a_quarter) {
    struct memory_budget budget = {.limit_bytes = 1000};
    struct memory_share outer = {.budget = &budget}, inner = {.budget = &budget, .within = &outer};
    assert_false(memory_share_take(&inner, 251));
    assert_true(memory_share_take(&inner, 150));
    assert_false(memory_share_take(&inner, 101));
    assert_int_equal(inner.refusals, 2);
    assert_int_equal(budget.refusals, 0); // the others are not short
    assert_true(memory_share_take(&outer, 600));
    assert_false(memory_share_take(&outer, 1));
    assert_false(memory_share_take(&inner, 1)); // the outer one is full
    assert_int_equal(inner.refusals, 2);
    assert_int_equal(budget.refusals, 2);
    memory_share_give(&outer, 100);
    assert_true(memory_budget_take(&budget, 350));
    assert_false(memory_share_take(&inner, 1)); // the budget is full
    assert_int_equal(inner.used_bytes, 150);
    assert_int_equal(outer.used_bytes, 650);
    assert_int_equal(budget.used_bytes, 1000);
    memory_share_give(&inner, 150);
    assert_int_equal(inner.used_bytes, 0);
    assert_int_equal(outer.used_bytes, 500);
    assert_int_equal(budget.used_bytes, 850);
}

TEST(lower_limit_keeps_memory_in_use) {
    struct memory_budget budget = {.limit_bytes = 1000};
    assert_true(memory_budget_take(&budget, 800));
    budget.limit_bytes = 500;
    assert_false(memory_budget_take(&budget, 1));
    memory_budget_give(&budget, 400);
    assert_true(memory_budget_take(&budget, 100));
    assert_int_equal(budget.used_bytes, 500);
}

TEST(fixed_memory_leaves_half) {
    struct memory_budget budget = {.limit_bytes = 1000, .fixed_bytes = 300};
    assert_int_equal(memory_budget_capacity(&budget), 700);
    assert_false(memory_budget_take(&budget, 701));
    assert_true(memory_budget_take(&budget, 700));
    budget.fixed_bytes = 900;
    assert_int_equal(memory_budget_capacity(&budget), 500);
}

int main(void) {
    return tests_run();
}
