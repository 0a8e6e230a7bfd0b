// view_tree.c: the call tree of one sample type as JSON (view.h).
#include "measures.h"
#include "merged.h"
#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// More nodes than this make no picture and no quick answer: the smallest are left out and their number is told.
enum { MAX_NODES = 200000 };

// Nodes of the same function share one entry of the table "functions". The profile keeps equal strings once, so pointers tell.
static bool same_function(const struct profile_frame *a, const struct profile_frame *b) {
    return a->function == b->function && a->file == b->file &&
           (*a->function || (a->mapping_file == b->mapping_file && a->file_offset == b->file_offset));
}

static uint64_t hash_function(const struct profile_frame *frame) {
    uint64_t hash = (uintptr_t)frame->function * UINT64_C(0x9e3779b97f4a7c15) + (uintptr_t)frame->file;
    if (!*frame->function) {
        hash += (uintptr_t)frame->mapping_file + frame->file_offset * UINT64_C(0xff51afd7ed558ccd);
    }
    return (hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15) >> 20;
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

// Writes the table, in the order in which the nodes first need its entries, and gives each node its entry in function_of. False: no memory.
static bool write_functions(const struct tree *tree, const uint32_t *kept, size_t count, uint32_t *function_of, struct json *json) {
    size_t mask = 1024 - 1;
    while (mask < 2 * count) {
        mask = 2 * mask + 1;
    }
    uint32_t *first_nodes = calloc(mask + 1, sizeof *first_nodes), used = 0; // of each entry, by its hash; the root is none
    if (!first_nodes) {
        return false;
    }
    json_key(json, "functions");
    json_array_begin(json);
    for (size_t i = 0; i < count; i++) {
        const struct profile_frame *frame = &tree->nodes[kept[i]].frame;
        size_t at = hash_function(frame) & mask;
        while (first_nodes[at] && !same_function(&tree->nodes[first_nodes[at]].frame, frame)) {
            at = (at + 1) & mask;
        }
        if (!first_nodes[at]) {
            first_nodes[at] = kept[i];
            function_of[kept[i]] = used++;
            write_function(frame, json);
        }
        function_of[kept[i]] = function_of[first_nodes[at]];
    }
    json_array_end(json);
    free(first_nodes);
    return true;
}

static uint64_t magnitude(int64_t value) {
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

// What a gauge's values of the two sides are divided by when they are written; 1 for all else.
struct sides {
    bool with_base;
    double divisor, base_divisor; // from 1
};

static double base_scale(const struct sides *sides) {
    return sides->divisor / sides->base_divisor;
}

static uint64_t weight(const struct tree_node *node, const struct sides *sides) {
    uint64_t total = magnitude(node->total), base = magnitude(node->base_total);
    if (sides->divisor != sides->base_divisor) {
        double scaled = (double)base * base_scale(sides);
        base = scaled < 0x1p63 ? (uint64_t)scaled : UINT64_C(1) << 63;
    }
    return total > base ? total : base;
}

// Weights of nodes become no more than those above them, since a node that is left out takes its subtree along. Returns the least weight
// that is shown, doubled until there are no more than MAX_NODES, but not beyond the heaviest.
static uint64_t least_weight(const struct tree *tree, const struct sides *sides, uint64_t *weights) {
    const uint64_t first = 1 + weight(&tree->nodes[0], sides) / 1000000;
    size_t classes[65] = {0}, count = tree->count - 1; // below first, from first on, from 2 * first on, ...
    weights[0] = UINT64_MAX;
    for (size_t i = 1; i < tree->count; i++) {
        uint64_t own = weight(&tree->nodes[i], sides), above = weights[tree->nodes[i].parent];
        weights[i] = own < above ? own : above;
        classes[weights[i] < first ? 0 : 64 - __builtin_clzll(weights[i] / first)]++;
    }
    uint64_t least = 0;
    for (int i = 0; count > MAX_NODES && count > classes[i]; i++) {
        count -= classes[i];
        least = first << i;
    }
    return least;
}

// The nodes below the root in depth-first order, parents first, that weigh at least least.
static size_t keep_nodes(const struct tree *tree, const uint64_t *weights, uint64_t least, uint32_t *kept) {
    size_t count = 0;
    const struct tree_node *nodes = tree->nodes;
    for (uint32_t at = nodes[0].first_child; at;) {
        bool keep = weights[at] >= least;
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
                        const struct sides *sides, struct json *json) {
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
        view_write_mean(node->self, sides->divisor, json);
        view_write_mean(node->total, sides->divisor, json);
        if (sides->with_base) {
            view_write_mean(node->base_self, sides->base_divisor, json);
            view_write_mean(node->base_total, sides->base_divisor, json);
        }
        json_array_end(json);
    }
    json_array_end(json);
}

static enum receiver_error write_tree(const struct tree *tree, const struct sides *sides, struct json *json) {
    // Of each node its weight; the kept ones, the entry in "functions", and the new index.
    uint64_t *weights = malloc(tree->count * (sizeof *weights + 3 * sizeof(uint32_t)));
    if (!weights) {
        return RECEIVER_NO_MEMORY;
    }
    uint32_t *kept = (uint32_t *)(weights + tree->count), *function_of = kept + tree->count, *place = function_of + tree->count;
    size_t count = keep_nodes(tree, weights, least_weight(tree, sides, weights), kept);
    // Parents come first, so what is left when the rest is cut off is still a tree.
    count = count < MAX_NODES ? count : MAX_NODES;
    json_key(json, "total");
    view_write_mean(tree->nodes[0].total, sides->divisor, json);
    json_key(json, "self");
    view_write_mean(tree->nodes[0].self, sides->divisor, json);
    if (sides->with_base) {
        json_key(json, "base_total");
        view_write_mean(tree->nodes[0].base_total, sides->base_divisor, json);
        json_key(json, "base_self");
        view_write_mean(tree->nodes[0].base_self, sides->base_divisor, json);
    }
    json_key(json, "nodes_left_out");
    json_number(json, (int64_t)(tree->count - 1 - count));
    bool ok = write_functions(tree, kept, count, function_of, json);
    if (ok) {
        write_nodes(tree, kept, count, function_of, place, sides, json);
    }
    free(weights);
    return ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
}

// ---- Choice of samples ----

static bool is_of_kind(const struct profile_frame *leaf, const void *kind) {
    const char *have = view_frame_kind(leaf);
    // Time in memcpy is time in C.
    return strcmp(have, kind) == 0 || (strcmp(kind, "c") == 0 && strcmp(have, "c_runtime") == 0);
}

// labels: room for all of the filter's and two more.
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
    if (filter->owner != VIEW_ANYONES) {
        labels[options.label_count++] = (struct tree_label){"owner", filter->owner == VIEW_PROFILERS ? "cmemprof" : NULL};
    }
    if (filter->kind) {
        options.keep_leaf = is_of_kind;
        options.context = filter->kind;
    }
    return options;
}

static double divisor_of(const struct merged_report *merged, const char *type) {
    return merged ? merged_gauge_divisor(&merged->gauges, merged_profiles_of(&merged->counts, type)) : 1;
}

static struct sides sides_of(const struct view_filter *filter, const char *type, bool with_base) {
    struct sides sides = {with_base, 1, 1};
    if (filter && measure_is_gauge(type)) {
        sides.divisor = divisor_of(filter->merged, type);
        sides.base_divisor = divisor_of(filter->base_merged, type);
    }
    return sides;
}

enum receiver_error view_tree(struct profile *profile, const char *type, const char *base, const struct view_filter *filter,
                              struct json *json, char *text, size_t text_size) {
    struct tree tree = {0};
    struct tree_label labels[VIEW_MAX_LABELS + 2];
    struct tree_options options = options_of(filter, labels);
    int index = type && *type ? profile_sample_type_index(profile, type) : profile_shown_type(profile);
    if (index < 0) {
        snprintf(text, text_size, "the profile has no sample type %.100s", type ? type : "");
        return RECEIVER_NOT_FOUND;
    }
    options.type_index = (size_t)index;
    options.base_type_index = base ? profile_sample_type_index(profile, base) : -1;
    struct sides sides = sides_of(filter, profile_sample_type_name(profile, options.type_index), base != NULL);
    options.base_scale = base_scale(&sides);
    enum merge_error built = tree_build_with(profile, &options, &tree);
    if (built != MERGE_OK) {
        snprintf(text, text_size, "the call tree cannot be built: %s", merge_error_text(built));
        return built == MERGE_TOO_LARGE ? RECEIVER_TOO_LARGE : RECEIVER_NO_MEMORY;
    }
    const char *name = profile_sample_type_name(profile, options.type_index);
    json_key(json, "type");
    json_text(json, name);
    json_key(json, "unit");
    json_text(json, profile_sample_type_unit(profile, options.type_index));
    json_key(json, "gauge");
    json_bool(json, measure_is_gauge(name));
    enum receiver_error error = write_tree(&tree, &sides, json);
    tree_free(&tree);
    return error;
}
