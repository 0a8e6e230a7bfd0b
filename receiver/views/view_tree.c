// view_tree.c: the call tree of one sample type as JSON (view.h).
#include "view.h"
#include "../../base/saturated.h"
#include "../index/measures.h"
#include "function_table.h"
#include "objects_type.h"
#include "packed_nodes.h"
#include "sampling_error.h"
#include "sweep.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// More nodes than this draw no useful graph and take long: the heaviest are shown, and the rest is counted. Sums by function are then of
// the whole tree, for the functions of the nodes shown and for others up to as many.
enum { MAX_NODES = 200000, MAX_FUNCTIONS = 200000, SMALL_NODES = 20000 };

void view_write_function(const struct profile_frame *frame, bool by_line, struct json *json) {
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
    if (by_line) {
        json_member_number(json, "line", frame->line);
    }
    json_object_end(json);
}

static void write_functions(const struct function_table *functions, struct json *json) {
    json_key(json, "functions");
    json_array_begin(json);
    for (size_t i = 0; i < functions->count; i++) {
        view_write_function(&functions->tree->nodes[functions->first_nodes[i]].frame, functions->by_line, json);
    }
    json_array_end(json);
}

// Per node.
struct scratch {
    size_t size;
    uint64_t *weights;
    uint32_t *kept, *function_of, *position; // those shown; numbers of functions; indices in the answer
};

static bool scratch_new(struct scratch *scratch, size_t count) {
    scratch->size = count * (sizeof *scratch->weights + 3 * sizeof(uint32_t));
    if (!merge_budget_take(scratch->size)) {
        return false;
    }
    scratch->weights = malloc(scratch->size);
    if (!scratch->weights) {
        merge_budget_give(scratch->size);
        return false;
    }
    scratch->kept = (uint32_t *)(scratch->weights + count);
    scratch->function_of = scratch->kept + count;
    scratch->position = scratch->kept + 2 * count;
    return true;
}

static uint64_t magnitude(int64_t value) {
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

// Divisors of a gauge's values on the two sides; 1 for all else.
struct sides {
    bool with_base, by_line;
    const double *variances;          // of each node's total by sampling; the second side are objects. NULL: they are not
    double divisor, base_divisor;     // at least 1
    const struct view_slopes *slopes; // the second side are errors; NULL: it is a baseline, or none
    struct packed_nodes *packed;      // where nodes are put that have one side; NULL: into the JSON
};

static double base_scale(const struct sides *sides) {
    return sides->divisor / sides->base_divisor;
}

static uint64_t weight(const struct tree_node *node, const struct sides *sides) {
    uint64_t total = magnitude(node->total), base = sides->slopes || sides->variances ? 0 : magnitude(node->base_total);
    if (sides->divisor != sides->base_divisor) {
        double scaled = (double)base * base_scale(sides);
        base = scaled < 0x1p63 ? (uint64_t)scaled : UINT64_C(1) << 63;
    }
    return total > base ? total : base;
}

// Limits each weight to that of the parent, since a node that is left out takes its subtree along.
static void weigh(const struct tree *tree, const struct sides *sides, uint64_t *weights) {
    weights[0] = UINT64_MAX;
    for (size_t i = 1; i < tree->count; i++) {
        uint64_t own = weight(&tree->nodes[i], sides), above = weights[tree->nodes[i].parent];
        weights[i] = own < above ? own : above;
    }
}

// ---- A part of the tree ----

// The page's hash of a name (receiver/web/src/graph/tree.ts, pathHashes): FNV-1a of its UTF-16 units.
static uint32_t hash_name(const char *name) {
    uint32_t hash = 0x811c9dc5;
    for (const unsigned char *at = (const unsigned char *)name; *at;) {
        int more = *at >= 0xF0 ? 3 : *at >= 0xE0 ? 2 : *at >= 0xC0 ? 1 : 0;
        uint32_t unit = more == 3 ? *at & 7 : more == 2 ? *at & 15 : more == 1 ? *at & 31 : *at;
        for (at++; more > 0 && (*at & 0xC0) == 0x80; more--, at++) {
            unit = unit << 6 | (*at & 63);
        }
        if (unit >= 0x10000) {
            hash = (hash ^ (0xD800 + ((unit - 0x10000) >> 10))) * 0x01000193;
            unit = 0xDC00 + ((unit - 0x10000) & 0x3FF);
        }
        hash = (hash ^ unit) * 0x01000193;
    }
    return hash;
}

// By line the page's name of a function is "main.work:7".
static uint32_t hash_line(uint32_t hash, int64_t line) {
    char text[24];
    snprintf(text, sizeof text, ":%" PRId64, line);
    for (const char *at = text; *at; at++) {
        hash = (hash ^ (unsigned char)*at) * 0x01000193;
    }
    return hash;
}

// The first node whose path has this hash; 0: none. A name may have megabytes, so each is hashed once, not for each of its nodes. Returns
// false without memory.
static bool find_node(const struct tree *tree, bool by_line, uint32_t wanted, const struct scratch *scratch, uint32_t *found) {
    uint32_t *hashes = scratch->position, *names = scratch->kept; // of nodes, and of functions by number
    struct function_table functions;
    bool ok = function_table_start(&functions, tree, tree->count);
    functions.by_line = by_line;
    *found = hashes[0] = 0;
    for (uint32_t i = 1; ok && i < tree->count && *found == 0; i++) {
        char text[VIEW_NAME_BYTES];
        uint32_t above = hashes[tree->nodes[i].parent],
                 number = scratch->function_of[i] = function_table_number(&functions, i, scratch->function_of);
        if (functions.first_nodes[number] == i) {
            names[number] = hash_name(view_frame_name(&tree->nodes[i].frame, text));
            names[number] = by_line ? hash_line(names[number], tree->nodes[i].frame.line) : names[number];
        }
        hashes[i] = ((above ^ names[number]) * 0x01000193) ^ above >> 13;
        *found = hashes[i] == wanted ? i : 0;
    }
    function_table_free(&functions);
    return ok;
}

// Keeps the weights of a node's callers, which are always shown, and of its subtree; sets all others to 0. Returns the count of those
// nodes.
static size_t weigh_below(const struct tree *tree, uint32_t node, uint64_t *weights, uint32_t *inside) {
    size_t count = 0;
    for (uint32_t i = 0; i < tree->count; i++) {
        inside[i] = i == node || (i > 0 && inside[tree->nodes[i].parent]);
        weights[i] = inside[i] ? weights[i] : 0;
        count += inside[i];
    }
    for (uint32_t at = node; at != 0; at = tree->nodes[at].parent) {
        weights[at] = UINT64_MAX;
        count += at != node;
    }
    return count;
}

// What is shown: all nodes above this weight, and the first ones of exactly this weight, `ties` of them.
struct limit {
    uint64_t weight;
    size_t ties;
};

// Radix selection of the MAX_NODES-th heaviest, one byte at a time from the top: eight passes, whatever the weights are.
static struct limit find_limit(const uint64_t *weights, size_t count) {
    struct limit limit = {0, MAX_NODES};
    if (count - 1 <= MAX_NODES) {
        return limit;
    }
    uint64_t known = 0; // mask of the bytes that are
    for (int shift = 56; shift >= 0; shift -= 8) {
        size_t counts[256] = {0}, digit = 255;
        for (size_t i = 1; i < count; i++) {
            counts[weights[i] >> shift & 0xFF] += (weights[i] & known) == limit.weight;
        }
        while (counts[digit] < limit.ties) {
            limit.ties -= counts[digit--];
        }
        limit.weight |= (uint64_t)digit << shift;
        known |= (uint64_t)0xFF << shift;
    }
    return limit;
}

// The nodes below the root that are shown, in depth-first order, parents first.
static size_t keep_nodes(const struct tree *tree, const uint64_t *weights, struct limit limit, uint32_t *kept) {
    size_t count = 0;
    const struct tree_node *nodes = tree->nodes;
    for (uint32_t at = nodes[0].first_child; at;) {
        bool equal = weights[at] == limit.weight, keep = weights[at] > limit.weight || (equal && limit.ties > 0);
        limit.ties -= keep && equal;
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

// Two standard errors. A mean of several uploads, which mostly see the same objects, is as certain as one of them.
static void write_spread(double variance, const struct sides *sides, struct json *json) {
    json_number(json, (int64_t)fmin(sampling_error_of(variance / sides->divisor) + 0.5, 0x1p62));
}

static void write_nodes(const struct tree *tree, const uint32_t *kept, size_t count, const uint32_t *function_of, uint32_t *position,
                        const struct sides *sides, struct json *json) {
    json_key(json, "nodes");
    json_array_begin(json);
    position[0] = 0; // the root; the page knows it as node 0
    for (size_t i = 0; i < count; i++) {
        const struct tree_node *node = &tree->nodes[kept[i]];
        position[kept[i]] = (uint32_t)i + 1;
        json_array_begin(json);
        json_number(json, position[node->parent]);
        json_number(json, function_of[kept[i]]);
        json_number(json, node->frame.line);
        view_write_mean(node->self, sides->divisor, json);
        view_write_mean(node->total, sides->divisor, json);
        if (sides->with_base && !sides->slopes && !sides->variances) {
            view_write_mean(node->base_self, sides->base_divisor, json);
        }
        if (sides->with_base) {
            view_write_mean(node->base_total, sides->base_divisor, json);
        }
        if (sides->variances) {
            write_spread(sides->variances[kept[i]], sides, json);
        }
        json_array_end(json);
    }
    json_array_end(json);
}

// The same as columns. False: no memory.
static bool pack_nodes(const struct tree *tree, const uint32_t *kept, size_t count, const uint32_t *function_of, uint32_t *position,
                       const struct sides *sides, struct json *json) {
    struct packed_nodes *packed = sides->packed;
    if (!packed_nodes_make(packed, count + 1)) {
        return false;
    }
    position[0] = 0;
    packed->function[0] = -1;
    for (size_t i = 0; i <= count; i++) {
        uint32_t at = i > 0 ? kept[i - 1] : 0;
        const struct tree_node *node = &tree->nodes[at];
        position[at] = (uint32_t)i;
        packed->self[i] = (double)node->self / sides->divisor;
        packed->total[i] = (double)node->total / sides->divisor;
        packed->parent[i] = (int32_t)position[node->parent];
        packed->function[i] = i > 0 ? (int32_t)function_of[at] : -1;
        packed->line[i] = node->frame.line > 0 && node->frame.line <= INT32_MAX ? (int32_t)node->frame.line : 0;
    }
    json_member_number(json, "nodes_packed", (int64_t)packed->count);
    return true;
}

// ---- Sums of functions ----

struct sum {
    int64_t self, total, base_self, base_total;
    double variance; // of the total
    uint32_t open;   // current depth of its calls
};

static void enter(const struct tree_node *node, double variance, struct sum *sum) {
    saturated_add(&sum->self, node->self);
    saturated_add(&sum->base_self, node->base_self);
    if (sum->open++ == 0) { // a recursive function counts once
        saturated_add(&sum->total, node->total);
        saturated_add(&sum->base_total, node->base_total);
        sum->variance += variance;
    }
}

// sums: zero-initialised, one per function and one more for those without a number.
static void add_up(const struct tree *tree, const uint32_t *function_of, size_t count, const double *variances, struct sum *sums) {
    const struct tree_node *nodes = tree->nodes;
    for (uint32_t at = nodes[0].first_child; at;) {
        struct sum *sum = &sums[function_of[at] == FUNCTION_TABLE_FULL ? count : function_of[at]];
        enter(&nodes[at], variances ? variances[at] : 0, sum);
        if (nodes[at].first_child) {
            at = nodes[at].first_child;
            continue;
        }
        sum->open--;
        while (at && !nodes[at].next_sibling) {
            at = nodes[at].parent;
            sums[at && function_of[at] != FUNCTION_TABLE_FULL ? function_of[at] : count].open--;
        }
        at = at ? nodes[at].next_sibling : 0;
    }
}

static bool write_sums(const struct tree *tree, const uint32_t *function_of, size_t count, const struct sides *sides, struct json *json) {
    struct sum *sums = calloc(count + 1, sizeof *sums);
    if (!sums) {
        return false;
    }
    add_up(tree, function_of, count, sides->variances, sums);
    json_key(json, "sums");
    json_array_begin(json);
    for (size_t i = 0; i < count; i++) {
        json_array_begin(json);
        view_write_mean(sums[i].self, sides->divisor, json);
        view_write_mean(sums[i].total, sides->divisor, json);
        if (sides->variances) {
            view_write_mean(sums[i].base_total, sides->base_divisor, json);
            write_spread(sums[i].variance, sides, json);
        } else if (sides->with_base) {
            view_write_mean(sums[i].base_self, sides->base_divisor, json);
            view_write_mean(sums[i].base_total, sides->base_divisor, json);
        }
        json_array_end(json);
    }
    json_array_end(json);
    free(sums);
    return true;
}

static void write_slopes(const struct function_table *functions, const struct view_slopes *slopes, struct json *json) {
    json_key(json, "sums");
    json_array_begin(json);
    for (size_t i = 0; i < functions->count; i++) {
        slopes->write_sum(slopes->context, functions->first_nodes[i], json);
    }
    json_array_end(json);
}

// ---- The whole tree ----

static void write_totals(const struct tree *tree, const struct sides *sides, size_t left_out, struct json *json) {
    json_key(json, "total");
    view_write_mean(tree->nodes[0].total, sides->divisor, json);
    json_key(json, "self");
    view_write_mean(tree->nodes[0].self, sides->divisor, json);
    if (sides->slopes) {
        json_key(json, "error");
        view_write_mean(tree->nodes[0].base_total, sides->base_divisor, json);
    } else if (sides->variances) {
        json_key(json, "objects");
        view_write_mean(tree->nodes[0].base_total, sides->base_divisor, json);
        json_key(json, "spread");
        write_spread(sides->variances[0], sides, json);
    } else if (sides->with_base) {
        json_key(json, "base_total");
        view_write_mean(tree->nodes[0].base_total, sides->base_divisor, json);
        json_key(json, "base_self");
        view_write_mean(tree->nodes[0].base_self, sides->base_divisor, json);
    }
    json_key(json, "nodes_left_out");
    json_number(json, (int64_t)left_out);
}

// First numbers the functions of the nodes that are shown, then, for sums, those of the others.
static bool number_functions(const struct tree *tree, bool by_line, const uint32_t *kept, size_t count, uint32_t *function_of,
                             struct function_table *functions) {
    bool whole = count == tree->count - 1;
    size_t capacity = whole || count > MAX_FUNCTIONS ? count : MAX_FUNCTIONS;
    if (!function_table_start(functions, tree, capacity)) {
        return false;
    }
    functions->by_line = by_line;
    for (size_t i = 0; i < count; i++) {
        function_of[kept[i]] = function_table_number(functions, kept[i], function_of);
    }
    for (uint32_t node = 1; !whole && node < tree->count; node++) {
        function_of[node] = function_table_number(functions, node, function_of);
    }
    return true;
}

// *wanted: the count of nodes to show.
static enum receiver_error choose_nodes(const struct tree *tree, const struct sides *sides, const char *below, struct scratch *scratch,
                                        size_t *count, size_t *wanted) {
    weigh(tree, sides, scratch->weights);
    *wanted = tree->count - 1;
    if (below) {
        uint32_t node;
        if (!find_node(tree, sides->by_line, (uint32_t)strtoul(below, NULL, 16), scratch, &node)) {
            return RECEIVER_NO_MEMORY;
        }
        if (node == 0) {
            return RECEIVER_NOT_FOUND;
        }
        *wanted = weigh_below(tree, node, scratch->weights, scratch->position);
    }
    struct limit limit = find_limit(scratch->weights, tree->count);
    if (below && limit.weight == 0) {
        limit.ties = 0; // no others, even if they would fit
    }
    *count = keep_nodes(tree, scratch->weights, limit, scratch->kept);
    return RECEIVER_OK;
}

static enum receiver_error write_tree(const struct tree *tree, const struct sides *sides, const char *below, struct json *json) {
    struct scratch scratch;
    size_t count = 0, wanted = 0;
    if (!scratch_new(&scratch, tree->count)) {
        return RECEIVER_NO_MEMORY;
    }
    enum receiver_error error = choose_nodes(tree, sides, below, &scratch, &count, &wanted);
    if (error == RECEIVER_OK) {
        struct function_table functions;
        write_totals(tree, sides, wanted - count, json);
        bool ok = number_functions(tree, sides->by_line, scratch.kept, count, scratch.function_of, &functions);
        if (ok) {
            write_functions(&functions, json);
            if (sides->packed && !sides->with_base) {
                ok = pack_nodes(tree, scratch.kept, count, scratch.function_of, scratch.position, sides, json);
            } else {
                write_nodes(tree, scratch.kept, count, scratch.function_of, scratch.position, sides, json);
            }
            if (sides->slopes) {
                write_slopes(&functions, sides->slopes, json);
            } else {
                ok = ok && (count == tree->count - 1 || write_sums(tree, scratch.function_of, functions.count, sides, json));
            }
        }
        function_table_free(&functions);
        error = ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    }
    free(scratch.weights);
    merge_budget_give(scratch.size);
    return error;
}

enum receiver_error view_tree_write_slopes(const struct tree *tree, const struct view_slopes *slopes, const char *below,
                                           struct json *json) {
    const struct sides sides = {.with_base = true, .divisor = slopes->fixed, .base_divisor = slopes->fixed, .slopes = slopes};
    return write_tree(tree, &sides, below, json);
}

// ---- Choice of samples ----

static bool is_of_kind(const struct profile_frame *leaf, const void *kind) {
    const char *have = view_frame_kind(leaf);
    // Time in memcpy is time in C.
    return strcmp(have, kind) == 0 || (strcmp(kind, "c") == 0 && strcmp(have, "c_runtime") == 0);
}

bool view_asks_time(const struct view_filter *filter) {
    for (size_t i = 0; i < filter->label_count; i++) {
        if (strcmp(filter->labels[i].key, VIEW_TIME_LABEL) == 0) {
            return true;
        }
    }
    return false;
}

struct tree_options view_tree_options(const struct view_filter *filter, struct tree_label labels[VIEW_MAX_LABELS + 2]) {
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

static double divisor_of(const struct sweep_report *report, const char *type) {
    return report ? sweep_gauge_divisor(report, sweep_profiles_of(&report->counts, type)) : 1;
}

static struct sides sides_of(const struct view_filter *filter, const char *type, bool with_base) {
    struct sides sides = {.with_base = with_base,
                          .divisor = 1,
                          .base_divisor = 1,
                          .by_line = filter && filter->by_line,
                          .packed = filter ? filter->packed : NULL};
    if (filter && measure_is_gauge(type)) {
        sides.divisor = divisor_of(filter->report, type);
        sides.base_divisor = divisor_of(filter->base_report, type);
    }
    return sides;
}

// ---- Objects ----

// Variances of the totals of all nodes: of the stack that ends at each, and of those below. NULL: no memory.
static double *new_variances(const struct tree *tree, int64_t period) {
    double *variances = merge_budget_take(tree->count * sizeof *variances) ? malloc(tree->count * sizeof *variances) : NULL;
    for (size_t i = 0; variances && i < tree->count; i++) {
        variances[i] = sampling_variance_bytes(tree->nodes[i].self, tree->nodes[i].base_self, period);
    }
    for (size_t i = tree->count; variances && i-- > 1;) {
        variances[tree->nodes[i].parent] += variances[i];
    }
    return variances;
}

static void free_variances(const struct tree *tree, const double *variances) {
    if (variances) {
        merge_budget_give(tree->count * sizeof *variances);
        free((void *)variances);
    }
}

// The type that counts the objects of this one, in place of a baseline's. -1: none, or none is asked for.
static int objects_type(const struct profile *profile, const char *base, const struct view_filter *filter, size_t type) {
    bool asked = filter && filter->objects != VIEW_NO_OBJECTS && !base;
    bool of_bytes = strcmp(profile_sample_type_unit(profile, type), "bytes") == 0;
    return asked && of_bytes ? objects_type_of(profile, profile_sample_type_name(profile, type)) : -1;
}

enum receiver_error view_tree(struct profile *profile, const char *type, const char *base, const struct view_filter *filter,
                              struct json *json, char *text, size_t text_size) {
    struct tree tree = {0};
    struct tree_label labels[VIEW_MAX_LABELS + 2];
    struct tree_options options = view_tree_options(filter, labels);
    int index = profile_sample_type_chosen(profile, type);
    if (index < 0) {
        snprintf(text, text_size, "the profile has no sample type %.100s", type ? type : "");
        return RECEIVER_NOT_FOUND;
    }
    options.type_index = (size_t)index;
    options.base_type_index = base ? profile_sample_type_index(profile, base) : -1;
    int objects = objects_type(profile, base, filter, options.type_index);
    options.base_type_index = objects >= 0 ? objects : options.base_type_index;
    options.by_line = filter && filter->by_line;
    struct sides sides = sides_of(filter, profile_sample_type_name(profile, options.type_index), base);
    options.base_scale = objects >= 0 ? DBL_MIN : base_scale(&sides); // the order is by bytes
    enum merge_error built = filter && filter->group_by ? profile_group_by(profile, filter->group_by) : MERGE_OK;
    built = built == MERGE_OK ? tree_build(profile, &options, &tree) : built;
    if (built != MERGE_OK) {
        bool grouped = built == MERGE_TOO_LARGE && filter && filter->group_by; // each value has its own stacks
        snprintf(text, text_size, "the call tree cannot be built: %s%s", merge_error_text(built), grouped ? "; group fewer uploads" : "");
        return built == MERGE_TOO_LARGE ? RECEIVER_TOO_LARGE : RECEIVER_NO_MEMORY;
    }
    bool counts = objects >= 0 && (filter->objects == VIEW_OBJECTS || tree.count <= SMALL_NODES);
    if (counts) {
        sides.with_base = true;
        sides.base_divisor = sides.divisor;
        sides.variances = new_variances(&tree, profile_period(profile));
        if (!sides.variances) {
            tree_free(&tree);
            return RECEIVER_NO_MEMORY;
        }
    }
    const char *name = profile_sample_type_name(profile, options.type_index);
    json_key(json, "type");
    json_text(json, name);
    json_key(json, "unit");
    json_text(json, profile_sample_type_unit(profile, options.type_index));
    json_key(json, "gauge");
    json_bool(json, measure_is_gauge(name));
    if (objects >= 0 && !counts) {
        json_key(json, "objects_left_out");
        json_bool(json, true);
    }
    enum receiver_error error = write_tree(&tree, &sides, filter ? filter->below : NULL, json);
    free_variances(&tree, sides.variances);
    view_write_warnings(profile, json);
    if (error == RECEIVER_NOT_FOUND) {
        snprintf(text, text_size, "the tree has no node %.20s", filter->below);
    }
    tree_free(&tree);
    return error;
}
