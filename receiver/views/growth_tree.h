// growth_tree.h: a call tree whose nodes have slopes: how much each grows in a minute, summed over processes.
//
// One process after the other gives the values of its stacks at some moments; each node, and each function, has the slope of what it has in
// all (growth_slope.h), not the sum of its children's: a leak that is spread over many rare stacks shows where they meet. Slopes of
// processes are added up, each by its share of the whole range, and so are the squares of their errors: processes are independent.
//
// Functions are compared by their texts, so profiles need not live longer than their process is read.
//
// Threads: a tree belongs to one. Memory: malloc, counted by merge_budget_take: 100 bytes a node, and while a process is added 100 more.
#ifndef CMEMPROF_RECEIVER_GROWTH_TREE_H
#define CMEMPROF_RECEIVER_GROWTH_TREE_H

#include "../../merge/intern.h"
#include "../../merge/merge.h"
#include "growth_slope.h"

struct growth_sum {
    double slope, variance; // per minute; the square of the error
};
struct growth_node {
    uint32_t parent, function; // of the root none
    int64_t line;
    bool outermost; // no caller is the same function
    struct growth_sum total, self;
};
struct growth_function {
    struct profile_frame frame; // its texts belong to the tree; equal texts of two functions may differ in address
    uint32_t first_node;
    struct growth_sum total, self; // a function that calls itself counts once in its total
};
// Zero-initialised is empty; node 0 is the root.
struct growth_tree {
    struct growth_node *nodes;
    struct growth_function *functions;
    struct intern node_ids, function_ids; // index; index + 1
    uint64_t seed;                        // of their hashes
    size_t node_count, node_capacity;
    size_t function_count, function_capacity;
    size_t counted_bytes; // against the budget, beside the two tables
};
enum { GROWTH_MAX_NODES = 1 << 20 };
#define GROWTH_NO_NODE UINT32_MAX

void growth_tree_free(struct growth_tree *tree);
// The node of a stack, leaf first, below a first level named `group` (NULL: none) of the label `key`. GROWTH_NO_NODE: no memory, or a tree
// of GROWTH_MAX_NODES.
uint32_t growth_tree_stack(struct growth_tree *tree, const struct profile_frame *frames, size_t count, const char *group, const char *key);

// What a process had at some moments.
struct growth_process {
    const double *minutes; // GROWTH_POINTS at most; they differ
    size_t points;
    const uint32_t *leaves;      // of each sample; GROWTH_NO_NODE: it does not count
    const double *const *values; // of each moment, by sample
    size_t samples;
    double share; // of the whole range
};
bool growth_tree_add(struct growth_tree *tree, const struct growth_process *process); // false: no memory
// Adds what another tree has, which is of other processes. False: no memory, or too many nodes.
bool growth_tree_join(struct growth_tree *tree, const struct growth_tree *other);

#endif
