// view.c: profiles as JSON (view.h).
#include "view.h"
#include "../merge/merge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// More nodes than this make no picture and no quick answer: the smallest are left out and their number is told.
enum { MAX_NODES = 200000 };

static enum receiver_error open_profile(const void *bytes, size_t size, struct profile **out, char *text, size_t text_size) {
    struct merge_fault fault = {0};
    struct profile *profile = profile_new();
    if (!profile) {
        return RECEIVER_NO_MEMORY;
    }
    enum merge_error error = profile_decode(profile, bytes, size, NULL, NULL, &fault);
    if (error == MERGE_OK) {
        *out = profile;
        return RECEIVER_OK;
    }
    snprintf(text, text_size, "not a readable profile: %s", *fault.text ? fault.text : merge_error_text(error));
    profile_free(profile);
    return error == MERGE_NO_MEMORY ? RECEIVER_NO_MEMORY : error == MERGE_TOO_LARGE ? RECEIVER_TOO_LARGE : RECEIVER_BAD_UPLOAD;
}

static void add(int64_t *sum, int64_t value) {
    if (__builtin_add_overflow(*sum, value, sum)) {
        *sum = value > 0 ? INT64_MAX : INT64_MIN;
    }
}

// ---- Types ----

// Sums of all samples and of the C samples, for each type: totals[2 * type], totals[2 * type + 1].
static enum merge_error add_up(struct profile *profile, size_t types, int64_t *totals, size_t *c_samples) {
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        enum merge_error error = profile_sample_without_frames(profile, i, &sample);
        if (error != MERGE_OK) {
            return error;
        }
        bool c = profile_sample_is_c(&sample);
        *c_samples += c;
        for (size_t type = 0; type < types; type++) {
            add(&totals[2 * type], sample.values[type]);
            add(&totals[2 * type + 1], c ? sample.values[type] : 0);
        }
    }
    return MERGE_OK;
}

static void write_types(struct profile *profile, size_t types, const int64_t *totals, size_t c_samples, struct json *json) {
    int chosen = profile_sample_type_index(profile, NULL);
    json_object_begin(json);
    json_key(json, "samples");
    json_number(json, (int64_t)profile_sample_count(profile));
    json_key(json, "c_samples");
    json_number(json, (int64_t)c_samples);
    json_key(json, "time_ns");
    json_number(json, profile_time_ns(profile));
    json_key(json, "duration_ns");
    json_number(json, profile_duration_ns(profile));
    json_key(json, "default_type");
    json_text(json, chosen < 0 ? NULL : profile_sample_type_name(profile, (size_t)chosen));
    json_key(json, "types");
    json_array_begin(json);
    for (size_t type = 0; type < types; type++) {
        json_object_begin(json);
        json_key(json, "type");
        json_text(json, profile_sample_type_name(profile, type));
        json_key(json, "unit");
        json_text(json, profile_sample_type_unit(profile, type));
        json_key(json, "total");
        json_number(json, totals[2 * type]);
        json_key(json, "c_total");
        json_number(json, totals[2 * type + 1]);
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

enum receiver_error view_types(const void *bytes, size_t size, struct json *json, char *text, size_t text_size) {
    struct profile *profile;
    enum receiver_error error = open_profile(bytes, size, &profile, text, text_size);
    if (error != RECEIVER_OK) {
        return error;
    }
    size_t types = profile_sample_type_count(profile), c_samples = 0;
    int64_t *totals = calloc(2 * types + 1, sizeof *totals);
    if (!totals || add_up(profile, types, totals, &c_samples) != MERGE_OK) {
        error = RECEIVER_NO_MEMORY;
    } else {
        write_types(profile, types, totals, c_samples, json);
    }
    free(totals);
    profile_free(profile);
    return error;
}

// ---- Tree ----

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

static const char *frame_kind(const struct profile_frame *frame) {
    if (!profile_frame_is_go(frame)) {
        return "c";
    }
    return starts_with(frame->function, "runtime.") || starts_with(frame->function, "internal/runtime") ? "runtime" : "go";
}

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
    return a->address < b->address ? -1 : a->address > b->address;
}

static void write_function(const struct profile_frame *frame, struct json *json) {
    json_object_begin(json);
    json_key(json, "name");
    if (*frame->function) {
        json_text(json, frame->function);
    } else {
        char name[300];
        const char *slash = strrchr(frame->mapping_file, '/');
        const char *file = slash ? slash + 1 : frame->mapping_file;
        snprintf(name, sizeof name, "%.256s 0x%" PRIx64, *file ? file : "unknown", frame->address);
        json_text(json, name);
    }
    json_key(json, "file");
    json_text(json, frame->file);
    json_key(json, "kind");
    json_text(json, frame_kind(frame));
    json_object_end(json);
}

// Writes the table and gives each node its entry in function_of. order is room for one number a node.
static void write_functions(const struct tree *tree, const uint32_t *kept, size_t count, uint32_t *order, uint32_t *function_of,
                            struct json *json) {
    memcpy(order, kept, count * sizeof *order);
    qsort_r(order, count, sizeof *order, compare_frames, tree->nodes);
    uint32_t functions = 0;
    json_key(json, "functions");
    json_array_begin(json);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || compare_frames(&order[i - 1], &order[i], tree->nodes) != 0) {
            write_function(&tree->nodes[order[i]].frame, json);
            functions++;
        }
        function_of[order[i]] = functions - 1;
    }
    json_array_end(json);
}

static uint64_t magnitude(int64_t value) {
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

// The nodes below the root in depth-first order, parents first, that weigh at least least. A node that is left out takes its subtree along.
static size_t keep_nodes(const struct tree *tree, uint64_t least, uint32_t *kept) {
    size_t count = 0;
    const struct tree_node *nodes = tree->nodes;
    for (uint32_t at = nodes[0].first_child; at;) {
        bool keep = magnitude(nodes[at].total) >= least;
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
                        struct json *json) {
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
        json_array_end(json);
    }
    json_array_end(json);
}

static enum receiver_error write_tree(const struct tree *tree, struct json *json) {
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
        least = least > heaviest / 2 ? heaviest : least ? 2 * least : 1 + magnitude(tree->nodes[0].total) / 1000000;
        count = keep_nodes(tree, least, kept);
    }
    // Parents come first, so what is left when the rest is cut off is still a tree.
    count = count < MAX_NODES ? count : MAX_NODES;
    json_key(json, "total");
    json_number(json, tree->nodes[0].total);
    json_key(json, "self");
    json_number(json, tree->nodes[0].self);
    json_key(json, "nodes_left_out");
    json_number(json, (int64_t)(tree->count - 1 - count));
    write_functions(tree, kept, count, order, function_of, json);
    write_nodes(tree, kept, count, function_of, order, json);
    free(kept);
    return RECEIVER_OK;
}

enum receiver_error view_tree(const void *bytes, size_t size, const char *type, enum view_memory memory, struct json *json, char *text,
                              size_t text_size) {
    struct profile *profile;
    struct tree tree = {0};
    enum receiver_error error = open_profile(bytes, size, &profile, text, text_size);
    if (error != RECEIVER_OK) {
        return error;
    }
    int index = profile_sample_type_index(profile, type);
    if (index < 0) {
        snprintf(text, text_size, "the profile has no sample type %.100s", type ? type : "");
        profile_free(profile);
        return RECEIVER_NOT_FOUND;
    }
    const char *label = memory == VIEW_ALL ? NULL : "memory";
    enum merge_error built = tree_build(profile, (size_t)index, label, memory == VIEW_C ? "C" : NULL, &tree);
    if (built != MERGE_OK) {
        snprintf(text, text_size, "the call tree cannot be built: %s", merge_error_text(built));
        profile_free(profile);
        return built == MERGE_TOO_LARGE ? RECEIVER_TOO_LARGE : RECEIVER_NO_MEMORY;
    }
    json_object_begin(json);
    json_key(json, "type");
    json_text(json, profile_sample_type_name(profile, (size_t)index));
    json_key(json, "unit");
    json_text(json, profile_sample_type_unit(profile, (size_t)index));
    error = write_tree(&tree, json);
    json_object_end(json);
    tree_free(&tree);
    profile_free(profile);
    return error;
}
