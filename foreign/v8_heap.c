// v8_heap.c: heap profiles of V8 (.heapprofile): a tree of calls, each with the bytes that it allocated and that are still in use, as V8
// estimates them from its samples (reading.h).
//
// The tree is read without recursion: V8 nests children as deep as stacks are.
#include "v8_frame.h"

#include <stdlib.h>

struct open { // an object that is being read
    uint32_t node;
    bool in_children; // within its array of children
};

struct file {
    struct reading *reading;
    struct open *open;
    size_t depth, open_capacity;
    double *sizes; // by node
    size_t size_capacity;
};

static bool begin_node(struct file *file, struct json_scan *scan) {
    uint32_t parent = file->depth > 0 ? file->open[file->depth - 1].node : READING_NO_NODE;
    uint32_t node = json_scan_object(scan) ? reading_add_node(file->reading, 0, parent) : READING_NO_NODE;
    if (node == READING_NO_NODE) {
        return false;
    }
    if (!READING_RESERVE(file->open, file->open_capacity, file->depth + 1) ||
        !READING_RESERVE(file->sizes, file->size_capacity, node + 1)) {
        return reading_no_memory(file->reading);
    }
    file->sizes[node] = 0;
    file->open[file->depth++] = (struct open){node, false};
    return true;
}

// One member of the innermost node.
static bool read_member(struct file *file, struct json_scan *scan, struct span key) {
    struct open *open = &file->open[file->depth - 1];
    uint32_t location;
    if (span_is(key, "callFrame") && json_scan_peek(scan) == '{') {
        if (!v8_frame_read(file->reading, scan, &location)) {
            return false;
        }
        file->reading->nodes[open->node].location = location;
    } else if (span_is(key, "selfSize")) {
        json_scan_number_or_skip(scan, &file->sizes[open->node]);
    } else if (span_is(key, "children") && json_scan_peek(scan) == '[') {
        open->in_children = json_scan_array(scan);
    } else {
        json_scan_skip(scan);
    }
    return !scan->fault;
}

static bool read_tree(struct file *file, struct json_scan *scan) {
    struct span key;
    bool ok = begin_node(file, scan);
    while (ok && file->depth > 0) {
        struct open *open = &file->open[file->depth - 1];
        if (open->in_children) {
            open->in_children = json_scan_item(scan);
            ok = open->in_children ? begin_node(file, scan) : !scan->fault;
        } else if (json_scan_member(scan, &key)) {
            ok = read_member(file, scan, key);
        } else {
            file->depth--;
            ok = !scan->fault;
        }
    }
    return ok;
}

static bool emit(struct file *file) {
    struct reading_rounding rounding = {0};
    profile_add_sample_type(file->reading->profile, "inuse_space", "bytes");
    for (size_t node = 0; node < file->reading->node_count; node++) {
        int64_t value = reading_round(&rounding, file->sizes[node]);
        reading_begin_stack(file->reading);
        if (value != 0 && (!reading_push_node(file->reading, (uint32_t)node) || !reading_sample(file->reading, &value, NULL, 0))) {
            return false;
        }
    }
    return true;
}

bool v8_heap_read(struct reading *reading) {
    struct file file = {.reading = reading};
    struct json_scan scan = json_scan_of(reading->bytes, reading->size);
    struct span key;
    bool ok = json_scan_object(&scan);
    while (ok && json_scan_member(&scan, &key)) {
        ok = span_is(key, "head") && file.reading->node_count == 0 ? read_tree(&file, &scan) : json_scan_skip(&scan);
    }
    ok = (!scan.fault || reading_fail_scan(reading, &scan)) && ok && emit(&file);
    json_scan_free(&scan);
    memory_free(file.open);
    memory_free(file.sizes);
    return ok;
}
