// growth_export.c: a tree of slopes as a tree of whole numbers, and as samples (growth_export.h).
#include "growth_export.h"
#include "view.h"

#include <math.h>
#include <stdlib.h>

// ---- A tree ----

static int64_t fixed(double slope) {
    double value = slope * GROWTH_EXPORT_FIXED;
    return value >= 0x1p62 ? INT64_C(1) << 62 : value <= -0x1p62 ? -(INT64_C(1) << 62) : llround(value);
}

static size_t tree_bytes(const struct growth_tree *from) {
    return (from->node_count + 1) * sizeof(struct tree_node);
}

bool growth_export_tree(const struct growth_tree *from, struct tree *tree) {
    if (!merge_budget_take(tree_bytes(from))) {
        return false;
    }
    tree->nodes = calloc(from->node_count + 1, sizeof *tree->nodes);
    if (!tree->nodes) {
        merge_budget_give(tree_bytes(from));
        return false;
    }
    tree->count = from->node_count > 0 ? from->node_count : 1;
    tree->nodes[0].frame = (struct profile_frame){.function = "", .file = "", .mapping_file = ""};
    for (uint32_t i = (uint32_t)from->node_count; i-- > 0;) {
        const struct growth_node *node = &from->nodes[i];
        struct tree_node *to = &tree->nodes[i];
        to->self = fixed(node->self.slope);
        to->total = fixed(node->total.slope);
        to->base_self = fixed(sqrt(node->self.variance));
        to->base_total = fixed(sqrt(node->total.variance));
        to->parent = node->parent;
        if (i > 0) {
            to->frame = from->functions[node->function].frame;
            to->frame.line = node->line;
            to->next_sibling = tree->nodes[node->parent].first_child;
            tree->nodes[node->parent].first_child = i;
        }
    }
    return true;
}

void growth_export_free(const struct growth_tree *from, struct tree *tree) {
    free(tree->nodes);
    merge_budget_give(tree_bytes(from));
}

// ---- Samples ----

struct scratch {
    double *own; // of each node
    uint32_t *locations, *stack;
};

// A location for each node.
static bool add_locations(const struct growth_tree *tree, struct profile *profile, uint32_t *locations) {
    for (size_t i = 1; i < tree->node_count; i++) {
        char name[VIEW_NAME_BYTES];
        const struct growth_node *node = &tree->nodes[i];
        const struct profile_frame *frame = &tree->functions[node->function].frame;
        const struct profile_function function = {.name = view_frame_name(frame, name), .system_name = "", .file = frame->file};
        const struct profile_line line = {profile_add_function(profile, &function), node->line, 0};
        locations[i] = profile_add_location(profile, 0, 0, &line, 1);
    }
    return profile_status(profile) == MERGE_OK;
}

static void find_own(const struct growth_tree *tree, double *own) {
    for (size_t i = 0; i < tree->node_count; i++) {
        own[i] += tree->nodes[i].total.slope;
        if (i > 0) {
            own[tree->nodes[i].parent] -= tree->nodes[i].total.slope;
        }
    }
}

static void add_samples(const struct growth_tree *tree, double minutes, struct profile *profile, const struct scratch *scratch) {
    for (uint32_t i = 0; i < tree->node_count; i++) {
        int64_t value = llround(scratch->own[i] * minutes);
        size_t depth = 0;
        for (uint32_t at = i; value != 0 && at != 0; at = tree->nodes[at].parent) {
            scratch->stack[depth++] = scratch->locations[at];
        }
        if (value != 0) {
            profile_add_sample(profile, scratch->stack, depth, &value, NULL, 0);
        }
    }
}

bool growth_export(const struct growth_tree *tree, double minutes, struct profile *profile) {
    size_t bytes = (tree->node_count + 1) * (sizeof(double) + 2 * sizeof(uint32_t));
    if (!merge_budget_take(bytes)) {
        return false;
    }
    struct scratch scratch = {.own = calloc(1, bytes)};
    bool ok = scratch.own;
    if (ok) {
        scratch.locations = (uint32_t *)(scratch.own + tree->node_count + 1);
        scratch.stack = scratch.locations + tree->node_count + 1;
        find_own(tree, scratch.own);
        ok = add_locations(tree, profile, scratch.locations);
    }
    if (ok) {
        add_samples(tree, minutes, profile, &scratch);
    }
    free(scratch.own);
    merge_budget_give(bytes);
    return ok && profile_status(profile) == MERGE_OK;
}
