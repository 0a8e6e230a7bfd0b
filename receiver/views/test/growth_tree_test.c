// growth_tree_test.c: slopes of nodes and functions of small trees.

#include "../../../base/test/test.h"

#include "../growth_tree.h"

#include <math.h>

static struct profile_frame frame(const char *name) {
    return (struct profile_frame){.function = name, .file = "/f.go", .mapping_file = "", .line = 7};
}

// names: leaf first, NULL at the end.
static uint32_t stack(struct growth_tree *tree, const char *const *names, const char *group) {
    struct profile_frame frames[8];
    size_t count = 0;
    for (; names[count]; count++) {
        frames[count] = frame(names[count]);
    }
    return growth_tree_stack(tree, frames, count, group, "tenant");
}
#define STACK(tree, ...) stack(tree, (const char *const[]){__VA_ARGS__, NULL}, NULL)

static const struct growth_function *function(const struct growth_tree *tree, const char *name) {
    for (size_t i = 0; i < tree->function_count; i++) {
        if (strcmp(tree->functions[i].frame.function, name) == 0) {
            return &tree->functions[i];
        }
    }
    fail_msg("no function %s", name);
    return NULL;
}

static void expect(struct growth_sum sum, double slope, double error) {
    if (fabs(sum.slope - slope) > 1e-9 || fabs(sqrt(sum.variance) - error) > 1e-9) {
        fail_msg("%g with an error of %g, expected %g with %g", sum.slope, sqrt(sum.variance), slope, error);
    }
}

enum { MINUTES = 6 };
static const double minutes[MINUTES] = {0, 1, 2, 3, 4, 5};

static void add(struct growth_tree *tree, const uint32_t *leaves, size_t samples, const double (*rows)[MINUTES], double share) {
    double columns[MINUTES][8];
    const double *values[MINUTES];
    for (size_t m = 0; m < MINUTES; m++) {
        values[m] = columns[m];
        for (size_t s = 0; s < samples; s++) {
            columns[m][s] = rows[s][m];
        }
    }
    assert_true(growth_tree_add(tree, &(struct growth_process){minutes, MINUTES, leaves, values, samples, share}));
}

TEST(slopes_of_nodes_and_functions) {
    struct growth_tree tree = {0};
    const uint32_t leaves[] = {STACK(&tree, "a", "main"), STACK(&tree, "b", "a", "main"), STACK(&tree, "b", "main"), GROWTH_NO_NODE};
    const double rows[][MINUTES] = {{10, 10, 10, 10, 10, 10}, {0, 2, 4, 6, 8, 10}, {9, 8, 7, 6, 5, 4}, {0, 90, 180, 270, 360, 450}};
    add(&tree, leaves, 4, rows, 0.5);
    expect(tree.nodes[0].total, 0.5, 0); // half of 2 - 1 a minute
    expect(tree.nodes[leaves[0]].total, 1, 0);
    expect(tree.nodes[leaves[0]].self, 0, 0);
    expect(tree.nodes[leaves[2]].total, -0.5, 0);
    expect(function(&tree, "a")->total, 1, 0);
    expect(function(&tree, "b")->total, 0.5, 0);
    expect(function(&tree, "b")->self, 0.5, 0);
    expect(function(&tree, "main")->total, 0.5, 0);
    // Of another process: added up, as the squares of the errors are.
    const double more[][MINUTES] = {{0, 1, 0, 1, 0, 1}};
    struct growth_tree other = {0};
    const uint32_t leaf[] = {STACK(&other, "c", "main")};
    add(&other, leaf, 1, more, 1);
    double error = sqrt(other.nodes[leaf[0]].total.variance);
    assert_true(error > 0);
    assert_true(growth_tree_join(&tree, &other));
    expect(tree.nodes[0].total, 0.5 + other.nodes[0].total.slope, error);
    assert_true(growth_tree_join(&tree, &other));
    expect(tree.nodes[0].total, 0.5 + 2 * other.nodes[0].total.slope, error * sqrt(2));
    growth_tree_free(&other);
    growth_tree_free(&tree);
}

// Each of ten stacks appears once and stays: none has a slope by itself, but what calls them has.
TEST(spread_over_rare_stacks) {
    struct growth_tree tree = {0};
    uint32_t leaves[MINUTES];
    double rows[MINUTES][MINUTES] = {0};
    for (int i = 0; i < MINUTES; i++) {
        char name[20];
        snprintf(name, sizeof name, "f%d", i);
        leaves[i] = STACK(&tree, "malloc", name, "main");
        for (int m = i; m < MINUTES; m++) {
            rows[i][m] = 100;
        }
    }
    add(&tree, leaves, MINUTES, (const double(*)[MINUTES])rows, 1);
    expect(function(&tree, "main")->total, 100, 0);
    expect(function(&tree, "malloc")->self, 100, 0);
    assert_true(tree.nodes[leaves[0]].total.slope == 0 && tree.nodes[leaves[MINUTES - 1]].total.slope == 0);
    growth_tree_free(&tree);
}

TEST(recursion_counts_once) {
    struct growth_tree tree = {0};
    const uint32_t leaves[] = {STACK(&tree, "r", "r", "r", "main")};
    const double rows[][MINUTES] = {{0, 3, 6, 9, 12, 15}};
    add(&tree, leaves, 1, rows, 1);
    expect(function(&tree, "r")->total, 3, 0);
    expect(function(&tree, "r")->self, 3, 0);
    growth_tree_free(&tree);
}

// Equal texts are one function, whatever their addresses; a label's value is none.
TEST(groups) {
    struct growth_tree tree = {0};
    char name[] = "main";
    uint32_t one = stack(&tree, (const char *const[]){name, NULL}, "main"), two = stack(&tree, (const char *const[]){"main", NULL}, "acme");
    assert_true(one != two && tree.node_count == 5 && tree.function_count == 3);
    assert_true(tree.functions[0].frame.label && !tree.functions[1].frame.label);
    assert_int_equal(stack(&tree, (const char *const[]){"main", NULL}, "main"), one);
    assert_true(tree.nodes[one].outermost);
    growth_tree_free(&tree);
}

// Many nodes and functions: tables grow.
TEST(large) {
    struct growth_tree tree = {0};
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 20000; i++) {
            char a[20], b[20];
            snprintf(a, sizeof a, "f%d", i % 7000);
            snprintf(b, sizeof b, "g%d", i / 10);
            assert_true(STACK(&tree, a, b) != GROWTH_NO_NODE);
        }
    }
    assert_int_equal(tree.function_count, 9000);
    assert_int_equal(tree.node_count, 1 + 2000 + 20000);
    growth_tree_free(&tree);
}

TEST(no_memory) {
    struct merge_budget budget = {.limit_bytes = 10000}, *before = merge_use_budget(&budget);
    struct growth_tree tree = {0};
    assert_int_equal(STACK(&tree, "a"), GROWTH_NO_NODE);
    growth_tree_free(&tree);
    assert_int_equal(budget.used_bytes, 0);
    merge_use_budget(before);
}

int main(void) {
    return tests_run();
}
