// view_tree.c: the call tree of one sample type as JSON (view.h).
#include "measures.h"
#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// More nodes than this make no picture and no quick answer: the smallest are left out and their number is told.
enum { MAX_NODES = 200000 };

// Nodes of the same function share one entry of the table "functions". The profile keeps equal strings once, so pointers tell.
static int compare_frames(const void *left, const void *right, void *state) {
    const struct tree_node *nodes = state;
    const struct profile_frame *a = &nodes[*(const uint32_t *)left].frame, *b = &nodes[*(const uint32_t *)right].frame;
    if (a->function != b->function) {
        return a->function < b->function ? -1 : 1;
    }
    if (a->file != b->file) {
        return a->file < b->file ? -1 : 1;
    }
    if (*a->function) {
        return 0;
    }
    if (a->mapping_file != b->mapping_file) {
        return a->mapping_file < b->mapping_file ? -1 : 1;
    }
    return a->file_offset < b->file_offset ? -1 : a->file_offset > b->file_offset;
}

static void write_function(const struct profile_frame *frame, struct json *json) {
    char name[VIEW_NAME_BYTES], library[VIEW_LIBRARY_BYTES];
    view_frame_library(frame, library);
    json_object_begin(json);
    json_key(json, "name");
    json_text(json, view_frame_name(frame, name));
    json_key(json, "file");
    json_text(json, frame->file);
    json_key(json, "kind");
    json_text(json, view_frame_kind(frame));
    json_key(json, "library");
    json_text(json, library);
    json_object_end(json);
}

// Gives each kept node the number of its group of equal functions. order is room for one number a node.
static uint32_t group_functions(const struct tree *tree, const uint32_t *kept, size_t count, uint32_t *order, uint32_t *group_of) {
    uint32_t groups = 0;
    memcpy(order, kept, count * sizeof *order);
    qsort_r(order, count, sizeof *order, compare_frames, tree->nodes);
    for (size_t i = 0; i < count; i++) {
        groups += i == 0 || compare_frames(&order[i - 1], &order[i], tree->nodes) != 0;
        group_of[order[i]] = groups - 1;
    }
    return groups;
}

// Writes the table, in the order in which the nodes first need its entries, and gives each node its entry in function_of.
static void write_functions(const struct tree *tree, const uint32_t *kept, size_t count, uint32_t *order, uint32_t *function_of,
                            struct json *json) {
    uint32_t groups = group_functions(tree, kept, count, order, function_of), used = 0;
    uint32_t *entry = order; // of each group
    memset(entry, 0xFF, groups * sizeof *entry);
    json_key(json, "functions");
    json_array_begin(json);
    for (size_t i = 0; i < count; i++) {
        uint32_t group = function_of[kept[i]];
        if (entry[group] == UINT32_MAX) {
            entry[group] = used++;
            write_function(&tree->nodes[kept[i]].frame, json);
        }
        function_of[kept[i]] = entry[group];
    }
    json_array_end(json);
}

static uint64_t magnitude(int64_t value) {
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static uint64_t weight(const struct tree_node *node) {
    uint64_t total = magnitude(node->total), base = magnitude(node->base_total);
    return total > base ? total : base;
}

// The nodes below the root in depth-first order, parents first, that weigh at least least. A node that is left out takes its subtree along.
static size_t keep_nodes(const struct tree *tree, uint64_t least, uint32_t *kept) {
    size_t count = 0;
    const struct tree_node *nodes = tree->nodes;
    for (uint32_t at = nodes[0].first_child; at;) {
        bool keep = weight(&nodes[at]) >= least;
        if (keep) {
            kept[count++] = at;
        }
        if (keep && nodes[at].first_child) {
            at = nodes[at].first_child;
            continue;
        }
        while (at && !nodes[at].next_sibling) {
            at = nodes[at].parent;
        }
        at = at ? nodes[at].next_sibling : 0;
    }
    return count;
}

static void write_nodes(const struct tree *tree, const uint32_t *kept, size_t count, const uint32_t *function_of, uint32_t *place,
                        bool with_base, struct json *json) {
    json_key(json, "nodes");
    json_array_begin(json);
    place[0] = 0; // the root; the page knows it as node 0
    for (size_t i = 0; i < count; i++) {
        const struct tree_node *node = &tree->nodes[kept[i]];
        place[kept[i]] = (uint32_t)i + 1;
        json_array_begin(json);
        json_number(json, place[node->parent]);
        json_number(json, function_of[kept[i]]);
        json_number(json, node->frame.line);
        json_number(json, node->self);
        json_number(json, node->total);
        if (with_base) {
            json_number(json, node->base_self);
            json_number(json, node->base_total);
        }
        json_array_end(json);
    }
    json_array_end(json);
}

static enum receiver_error write_tree(const struct tree *tree, bool with_base, struct json *json) {
    // Three numbers a node: the kept ones, the entry in "functions", and one that is the sorting order first and the new index later.
    uint32_t *kept = malloc(3 * tree->count * sizeof *kept);
    if (!kept) {
        return RECEIVER_NO_MEMORY;
    }
    uint32_t *function_of = kept + tree->count, *order = function_of + tree->count;
    const uint64_t heaviest = (uint64_t)1 << 63; // INT64_MIN's
    uint64_t least = 0;
    size_t count = keep_nodes(tree, least, kept);
    while (count > MAX_NODES && least < heaviest) {
        least = least > heaviest / 2 ? heaviest : least ? 2 * least : 1 + weight(&tree->nodes[0]) / 1000000;
        count = keep_nodes(tree, least, kept);
    }
    // Parents come first, so what is left when the rest is cut off is still a tree.
    count = count < MAX_NODES ? count : MAX_NODES;
    json_key(json, "total");
    json_number(json, tree->nodes[0].total);
    json_key(json, "self");
    json_number(json, tree->nodes[0].self);
    if (with_base) {
        json_key(json, "base_total");
        json_number(json, tree->nodes[0].base_total);
        json_key(json, "base_self");
        json_number(json, tree->nodes[0].base_self);
    }
    json_key(json, "nodes_left_out");
    json_number(json, (int64_t)(tree->count - 1 - count));
    write_functions(tree, kept, count, order, function_of, json);
    write_nodes(tree, kept, count, function_of, order, with_base, json);
    free(kept);
    return RECEIVER_OK;
}

// ---- Choice of samples ----

static bool is_of_kind(const struct profile_frame *leaf, const void *kind) {
    return strcmp(view_frame_kind(leaf), kind) == 0;
}

// labels: room for all of the filter's and one more.
static struct tree_options options_of(const struct view_filter *filter, struct tree_label *labels) {
    struct tree_options options = {.base_type_index = -1, .labels = labels};
    if (!filter) {
        return options;
    }
    memcpy(labels, filter->labels, filter->label_count * sizeof *labels);
    options.label_count = filter->label_count;
    if (filter->memory != VIEW_ALL) {
        labels[options.label_count++] = (struct tree_label){"memory", filter->memory == VIEW_C ? "C" : NULL};
    }
    if (filter->kind) {
        options.keep_leaf = is_of_kind;
        options.context = filter->kind;
    }
    return options;
}

enum receiver_error view_tree(struct profile *profile, const char *type, const char *base, const struct view_filter *filter,
                              struct json *json, char *text, size_t text_size) {
    struct tree tree = {0};
    struct tree_label labels[VIEW_MAX_LABELS + 1];
    struct tree_options options = options_of(filter, labels);
    int index = profile_sample_type_index(profile, type);
    if (index < 0) {
        snprintf(text, text_size, "the profile has no sample type %.100s", type ? type : "");
        return RECEIVER_NOT_FOUND;
    }
    options.type_index = (size_t)index;
    options.base_type_index = base ? profile_sample_type_index(profile, base) : -1;
    enum merge_error built = tree_build_with(profile, &options, &tree);
    if (built != MERGE_OK) {
        snprintf(text, text_size, "the call tree cannot be built: %s", merge_error_text(built));
        return built == MERGE_TOO_LARGE ? RECEIVER_TOO_LARGE : RECEIVER_NO_MEMORY;
    }
    json_key(json, "type");
    json_text(json, profile_sample_type_name(profile, options.type_index));
    json_key(json, "unit");
    json_text(json, profile_sample_type_unit(profile, options.type_index));
    json_key(json, "gauge");
    json_bool(json, measure_is_gauge(profile_sample_type_name(profile, options.type_index)));
    enum receiver_error error = write_tree(&tree, base != NULL, json);
    tree_free(&tree);
    return error;
}
