// growth_tree.c: slopes of the nodes of a call tree (growth_tree.h).
#include "growth_tree.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ITEMS = 256 };

// ---- Memory ----

static bool count_bytes(struct growth_tree *tree, size_t bytes) {
    if (!merge_budget_take(bytes)) {
        return false;
    }
    tree->counted_bytes += bytes;
    return true;
}

static bool grow(struct growth_tree *tree, void **items, size_t *capacity, size_t item_bytes) {
    size_t more = *capacity > 0 ? *capacity : FIRST_ITEMS;
    void *larger = count_bytes(tree, more * item_bytes) ? realloc(*items, (*capacity + more) * item_bytes) : NULL;
    if (!larger) {
        return false;
    }
    *items = larger;
    *capacity += more;
    return true;
}

void growth_tree_free(struct growth_tree *tree) {
    for (size_t i = 0; i < tree->function_count; i++) {
        const struct profile_frame *frame = &tree->functions[i].frame;
        free((char *)frame->function);
        free((char *)frame->file);
        free((char *)frame->mapping_file);
    }
    free(tree->nodes);
    free(tree->functions);
    intern_free(&tree->node_ids);
    intern_free(&tree->function_ids);
    merge_budget_give(tree->counted_bytes);
    *tree = (struct growth_tree){0};
}

// ---- Functions ----

static uint64_t hash_text(uint64_t hash, const char *text) {
    return intern_hash_bytes(hash, text, strlen(text) + 1);
}

static uint32_t hash_frame(const struct growth_tree *tree, const struct profile_frame *frame) {
    uint64_t hash = hash_text(hash_text(tree->seed, frame->function), frame->file);
    if (!*frame->function) {
        hash = intern_hash_word(hash_text(hash, frame->mapping_file), frame->file_offset);
    }
    return intern_hash_end(intern_hash_word(hash, frame->label));
}

static bool same_frame(const struct profile_frame *a, const struct profile_frame *b) {
    return a->label == b->label && strcmp(a->function, b->function) == 0 && strcmp(a->file, b->file) == 0 &&
           (*a->function || (a->file_offset == b->file_offset && strcmp(a->mapping_file, b->mapping_file) == 0));
}

static bool equal_function(const void *context, uint32_t id, const void *frame) {
    const struct growth_tree *tree = context;
    return same_frame(&tree->functions[id - 1].frame, frame);
}

static bool new_function(struct growth_tree *tree, const struct profile_frame *frame) {
    if (tree->function_count == tree->function_capacity &&
        !grow(tree, (void **)&tree->functions, &tree->function_capacity, sizeof *tree->functions)) {
        return false;
    }
    char *name = strdup(frame->function), *file = strdup(frame->file), *mapping = strdup(frame->mapping_file);
    size_t bytes = name && file && mapping ? strlen(name) + strlen(file) + strlen(mapping) : 0;
    if (!name || !file || !mapping || !count_bytes(tree, bytes)) {
        free(name);
        free(file);
        free(mapping);
        return false;
    }
    struct growth_function *function = &tree->functions[tree->function_count++];
    *function = (struct growth_function){.frame = *frame};
    function->frame.function = name;
    function->frame.file = file;
    function->frame.mapping_file = mapping;
    return true;
}

// GROWTH_NO_NODE: no memory.
static uint32_t function_of(struct growth_tree *tree, const struct profile_frame *frame) {
    uint32_t hash = hash_frame(tree, frame), id = intern_find(&tree->function_ids, hash, equal_function, tree, frame);
    if (id == 0 && new_function(tree, frame) && intern_add(&tree->function_ids, hash, (uint32_t)tree->function_count)) {
        id = (uint32_t)tree->function_count;
    }
    return id != 0 ? id - 1 : GROWTH_NO_NODE;
}

// ---- Nodes ----

static bool equal_node(const void *context, uint32_t id, const void *key) {
    const struct growth_tree *tree = context;
    const struct growth_node *node = key;
    return tree->nodes[id].parent == node->parent && tree->nodes[id].function == node->function;
}

static bool is_outermost(const struct growth_tree *tree, uint32_t parent, uint32_t function) {
    while (parent != 0 && tree->nodes[parent].function != function) {
        parent = tree->nodes[parent].parent;
    }
    return parent == 0;
}

// Makes room for one more, and the root if there is none.
static bool reserve_node(struct growth_tree *tree) {
    if (tree->node_count == GROWTH_MAX_NODES) {
        return false;
    }
    if (tree->node_count + 1 >= tree->node_capacity && !grow(tree, (void **)&tree->nodes, &tree->node_capacity, sizeof *tree->nodes)) {
        return false;
    }
    if (tree->node_count == 0) {
        tree->nodes[tree->node_count++] = (struct growth_node){.function = GROWTH_NO_NODE};
        tree->seed = intern_seed();
    }
    return true;
}

static uint32_t child_of(struct growth_tree *tree, uint32_t parent, uint32_t function, int64_t line) {
    if (function == GROWTH_NO_NODE || !reserve_node(tree)) {
        return GROWTH_NO_NODE;
    }
    const struct growth_node key = {.parent = parent, .function = function};
    uint32_t hash = intern_hash_end(intern_hash_word(tree->seed, (uint64_t)parent << 32 | function));
    uint32_t node = intern_find(&tree->node_ids, hash, equal_node, tree, &key);
    if (node != 0) {
        return node;
    }
    node = (uint32_t)tree->node_count;
    if (!intern_add(&tree->node_ids, hash, node)) {
        return GROWTH_NO_NODE;
    }
    tree->node_count++;
    tree->nodes[node] =
        (struct growth_node){.parent = parent, .function = function, .line = line, .outermost = is_outermost(tree, parent, function)};
    if (tree->functions[function].first_node == 0) {
        tree->functions[function].first_node = node;
    }
    return node;
}

uint32_t growth_tree_stack(struct growth_tree *tree, const struct profile_frame *frames, size_t count, const char *group, const char *key) {
    uint32_t node = reserve_node(tree) ? 0 : GROWTH_NO_NODE;
    if (group && node != GROWTH_NO_NODE) {
        const struct profile_frame frame = {.function = group, .file = key, .mapping_file = "", .label = true};
        node = child_of(tree, node, function_of(tree, &frame), 0);
    }
    for (size_t i = count; i-- > 0 && node != GROWTH_NO_NODE;) {
        node = child_of(tree, node, function_of(tree, &frames[i]), frames[i].line);
    }
    return node;
}

// ---- Slopes ----

// While a process is added: series of GROWTH_POINTS values each.
struct series {
    double (*nodes)[GROWTH_POINTS], (*functions)[2][GROWTH_POINTS]; // what nodes have in all; functions: in all, and of their own
    struct growth_slope *slopes;                                    // of each node: of its own, then of all
    uint32_t *from; // of each node: the one child that has all of it; SELF: it is a leaf; SEVERAL
    size_t bytes;
};
#define NOTHING UINT32_MAX
#define SELF (UINT32_MAX - 1)
#define SEVERAL (UINT32_MAX - 2)

static void series_free(struct series *series) {
    free(series->nodes);
    free(series->functions);
    free(series->from);
    free(series->slopes);
    merge_budget_give(series->bytes);
}

static bool series_new(struct series *series, const struct growth_tree *tree) {
    size_t bytes = tree->node_count * (sizeof *series->nodes + sizeof *series->from + sizeof *series->slopes) +
                   tree->function_count * sizeof *series->functions;
    *series = (struct series){0};
    if (!merge_budget_take(bytes)) {
        return false;
    }
    series->bytes = bytes;
    series->nodes = calloc(tree->node_count, sizeof *series->nodes);
    series->functions = calloc(tree->function_count + 1, sizeof *series->functions);
    series->from = malloc(tree->node_count * sizeof *series->from);
    series->slopes = malloc(tree->node_count * sizeof *series->slopes);
    if (!series->nodes || !series->functions || !series->from || !series->slopes) {
        series_free(series);
        return false;
    }
    memset(series->from, 0xFF, tree->node_count * sizeof *series->from); // NOTHING
    return true;
}

static void add_series(double *to, const double *from, size_t points) {
    for (size_t i = 0; i < points; i++) {
        to[i] += from[i];
    }
}

static void add_slope(struct growth_sum *sum, struct growth_slope slope, double share) {
    sum->slope += share * slope.slope;
    sum->variance += share * share * slope.error * slope.error;
}

// What nodes have of their own. Their slopes are kept for leaves, which have no more in all.
static void add_selves(struct growth_tree *tree, const struct growth_process *process, struct series *series) {
    for (size_t s = 0; s < process->samples; s++) {
        uint32_t leaf = process->leaves[s];
        for (size_t p = 0; leaf != GROWTH_NO_NODE && p < process->points; p++) {
            series->nodes[leaf][p] += process->values[p][s];
            series->from[leaf] = SELF;
        }
    }
    for (uint32_t i = 0; i < tree->node_count; i++) {
        if (series->from[i] == SELF) {
            series->slopes[i] = growth_slope_of(process->minutes, series->nodes[i], process->points);
            add_slope(&tree->nodes[i].self, series->slopes[i], process->share);
            if (i > 0) {
                add_series(series->functions[tree->nodes[i].function][1], series->nodes[i], process->points);
            }
        }
    }
}

// Adds up from the leaves to the root, by numbers: callers come before those they call.
static void add_totals(const struct growth_tree *tree, const struct growth_process *process, struct series *series) {
    for (uint32_t i = (uint32_t)tree->node_count; i-- > 1;) {
        const struct growth_node *node = &tree->nodes[i];
        if (series->from[i] == NOTHING) {
            continue;
        }
        add_series(series->nodes[node->parent], series->nodes[i], process->points);
        series->from[node->parent] = series->from[node->parent] == NOTHING ? i : SEVERAL;
        if (node->outermost) {
            add_series(series->functions[node->function][0], series->nodes[i], process->points);
        }
    }
}

// A node with one child and nothing of its own has that one's slope, and a leaf its own: most nodes of a call tree.
static void add_slopes(struct growth_tree *tree, const struct growth_process *process, struct series *series) {
    const double *minutes = process->minutes;
    for (uint32_t i = (uint32_t)tree->node_count; i-- > 0;) {
        uint32_t from = series->from[i];
        if (from < SEVERAL) {
            series->slopes[i] = series->slopes[from];
        } else if (from == SEVERAL) {
            series->slopes[i] = growth_slope_of(minutes, series->nodes[i], process->points);
        }
        if (from != NOTHING) {
            add_slope(&tree->nodes[i].total, series->slopes[i], process->share);
        }
    }
    for (size_t i = 0; i < tree->function_count; i++) {
        struct growth_function *function = &tree->functions[i];
        add_slope(&function->total, growth_slope_of(minutes, series->functions[i][0], process->points), process->share);
        add_slope(&function->self, growth_slope_of(minutes, series->functions[i][1], process->points), process->share);
    }
}

bool growth_tree_add(struct growth_tree *tree, const struct growth_process *process) {
    struct series series;
    if (tree->node_count == 0) {
        return true;
    }
    if (!series_new(&series, tree)) {
        return false;
    }
    add_selves(tree, process, &series);
    add_totals(tree, process, &series);
    add_slopes(tree, process, &series);
    series_free(&series);
    return true;
}

static void join_sum(struct growth_sum *sum, const struct growth_sum *other) {
    sum->slope += other->slope;
    sum->variance += other->variance;
}

bool growth_tree_join(struct growth_tree *tree, const struct growth_tree *other) {
    uint32_t *functions = malloc((other->function_count + 1) * sizeof *functions);
    uint32_t *nodes = malloc((other->node_count + 1) * sizeof *nodes);
    bool ok = functions && nodes && (other->node_count == 0 || reserve_node(tree));
    for (size_t i = 0; ok && i < other->function_count; i++) {
        functions[i] = function_of(tree, &other->functions[i].frame);
        ok = functions[i] != GROWTH_NO_NODE;
        if (ok) {
            join_sum(&tree->functions[functions[i]].total, &other->functions[i].total);
            join_sum(&tree->functions[functions[i]].self, &other->functions[i].self);
        }
    }
    for (uint32_t i = 0; ok && i < other->node_count; i++) {
        const struct growth_node *node = &other->nodes[i];
        nodes[i] = i == 0 ? 0 : child_of(tree, nodes[node->parent], functions[node->function], node->line);
        ok = nodes[i] != GROWTH_NO_NODE;
        if (ok) {
            join_sum(&tree->nodes[nodes[i]].total, &node->total);
            join_sum(&tree->nodes[nodes[i]].self, &node->self);
        }
    }
    free(functions);
    free(nodes);
    return ok;
}
