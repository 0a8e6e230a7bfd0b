// export_json.c: call trees as JSON: for speedscope, and as nodes within nodes (export.h).
#include "../../base/vector.h"
#include "export.h"
#include "function_table.h"
#include "view.h"

#include <stdlib.h>
#include <string.h>

// ---- Nodes ----

static void begin_node(const char *name, int64_t value, struct json *json) {
    json_object_begin(json);
    json_key(json, "name");
    json_text(json, name);
    json_key(json, "value");
    json_number(json, value);
}

static void begin_frame(const struct tree_node *node, struct json *json) {
    char buffer[VIEW_NAME_BYTES];
    begin_node(view_frame_name(&node->frame, buffer), node->total, json);
    if (*node->frame.file || *node->frame.mapping_file) {
        json_key(json, "file");
        json_text(json, *node->frame.file ? node->frame.file : node->frame.mapping_file);
    }
}

void export_json(const struct export_tree *of, struct json *json) {
    const struct tree_node *nodes = of->tree->nodes;
    begin_node(of->title, nodes[0].total, json);
    json_key(json, "type");
    json_text(json, of->type);
    json_key(json, "unit");
    json_text(json, of->unit);
    uint32_t node = 0;
    for (;;) {
        if (nodes[node].first_child != 0 && !json_failed(json)) {
            json_key(json, "children");
            json_array_begin(json);
            node = nodes[node].first_child;
            begin_frame(&nodes[node], json);
            continue;
        }
        json_object_end(json);
        while (node != 0 && nodes[node].next_sibling == 0) {
            json_array_end(json);
            json_object_end(json);
            node = nodes[node].parent;
        }
        if (node == 0) {
            return;
        }
        node = nodes[node].next_sibling;
        begin_frame(&nodes[node], json);
    }
}

// ---- Speedscope ----

struct speedscope {
    const struct tree *tree;
    struct function_table functions;
    uint32_t *function_of; // by node
    uint32_t *path;        // of functions, from the root
    size_t path_capacity;
};

static bool number_functions(struct speedscope *file) {
    const struct tree *tree = file->tree;
    file->function_of = malloc(tree->count * sizeof *file->function_of);
    if (!function_table_start(&file->functions, tree, tree->count) || !file->function_of) {
        return false;
    }
    for (uint32_t node = 1; node < tree->count; node++) {
        file->function_of[node] = function_table_number(&file->functions, node, file->function_of);
    }
    return true;
}

static void write_frames(const struct speedscope *file, struct json *json) {
    json_key(json, "shared");
    json_object_begin(json);
    json_key(json, "frames");
    json_array_begin(json);
    for (size_t i = 0; i < file->functions.count; i++) {
        char buffer[VIEW_NAME_BYTES];
        const struct profile_frame *frame = &file->tree->nodes[file->functions.first_nodes[i]].frame;
        json_object_begin(json);
        json_key(json, "name");
        json_text(json, view_frame_name(frame, buffer));
        if (*frame->file || *frame->mapping_file) {
            json_key(json, "file");
            json_text(json, *frame->file ? frame->file : frame->mapping_file);
        }
        json_object_end(json);
    }
    json_array_end(json);
    json_object_end(json);
}

static bool write_sample(struct speedscope *file, uint32_t node, struct json *json) {
    size_t depth = 0;
    for (uint32_t at = node; at != 0; at = file->tree->nodes[at].parent) {
        if (!VECTOR_RESERVE(file->path, file->path_capacity, depth + 1)) {
            return false;
        }
        file->path[depth++] = file->function_of[at];
    }
    json_array_begin(json);
    while (depth > 0) {
        json_number(json, file->path[--depth]);
    }
    json_array_end(json);
    return true;
}

static const char *unit_of(const char *unit) {
    static const char *const units[] = {"bytes", "nanoseconds", "microseconds", "milliseconds", "seconds"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(unit, units[i]) == 0) {
            return unit;
        }
    }
    return "none";
}

static bool write_profile(struct speedscope *file, const struct export_tree *of, struct json *json) {
    const struct tree *tree = file->tree;
    double sum = 0;
    bool ok = true;
    json_object_begin(json);
    json_key(json, "type");
    json_text(json, "sampled");
    json_key(json, "name");
    json_text(json, of->type);
    json_key(json, "unit");
    json_text(json, unit_of(of->unit));
    json_key(json, "samples");
    json_array_begin(json);
    for (uint32_t node = 1; ok && node < tree->count && !json_failed(json); node++) {
        ok = tree->nodes[node].self <= 0 || write_sample(file, node, json);
    }
    json_array_end(json);
    json_key(json, "weights");
    json_array_begin(json);
    for (uint32_t node = 1; node < tree->count; node++) {
        if (tree->nodes[node].self > 0) {
            json_number(json, tree->nodes[node].self);
            sum += (double)tree->nodes[node].self;
        }
    }
    json_array_end(json);
    json_key(json, "startValue");
    json_number(json, 0);
    json_key(json, "endValue");
    json_number(json, sum < 9e18 ? (int64_t)sum : INT64_MAX);
    json_object_end(json);
    return ok;
}

bool export_speedscope(const struct export_tree *of, struct json *json) {
    struct speedscope file = {.tree = of->tree};
    bool ok = number_functions(&file);
    json_object_begin(json);
    json_key(json, "$schema");
    json_text(json, "https://www.speedscope.app/file-format-schema.json");
    json_key(json, "name");
    json_text(json, of->title);
    json_key(json, "exporter");
    json_text(json, "cmemprof");
    json_key(json, "activeProfileIndex");
    json_number(json, 0);
    if (ok) {
        write_frames(&file, json);
        json_key(json, "profiles");
        json_array_begin(json);
        ok = write_profile(&file, of, json);
        json_array_end(json);
    }
    json_object_end(json);
    function_table_free(&file.functions);
    free(file.function_of);
    free(file.path);
    return ok;
}
