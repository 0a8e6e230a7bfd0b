// v8_cpu.c: CPU profiles of V8 (.cpuprofile, of Node and of Chrome's developer tools): nodes of a call tree, the node of each sample, and
// the microseconds between samples (reading.h).
//
// A sample lasts until the next one, the last until endTime, if the file has that and startTime. V8 samples the thread whether it runs or
// not: "(idle)" is a function, and the time is the wall clock's. Samples without times count by hitCount of their nodes.
#include "v8_frame.h"
#include "../merge/id_map.h"

#include <stdlib.h>

struct node_sums {
    int64_t hits, samples;
    double microseconds;
};

struct file {
    struct reading *reading;
    struct id_map ids;      // of nodes: index + 1
    struct node_sums *sums; // by node
    size_t sum_capacity;
    const char *nodes, *samples, *deltas;
    double start, end; // microseconds; negative: the file has none
    uint64_t lone_samples, lone_deltas;
};

static struct json_scan scan_at(const struct file *file, const char *at) {
    struct json_scan scan = json_scan_of(file->reading->bytes, file->reading->size);
    scan.at = at;
    return scan;
}

static bool done(struct file *file, struct json_scan *scan) {
    bool ok = !scan->fault || reading_fail_scan(file->reading, scan);
    json_scan_free(scan);
    return ok && file->reading->error == MERGE_OK;
}

static bool is_id(double number) {
    return number >= 0 && number < 9007199254740992.0;
}

static bool read_top(struct file *file) {
    struct json_scan scan = json_scan_of(file->reading->bytes, file->reading->size);
    struct span key;
    json_scan_object(&scan);
    while (json_scan_member(&scan, &key)) {
        const char **array = span_is(key, "nodes")        ? &file->nodes
                             : span_is(key, "samples")    ? &file->samples
                             : span_is(key, "timeDeltas") ? &file->deltas
                                                          : NULL;
        double *number = span_is(key, "startTime") ? &file->start : span_is(key, "endTime") ? &file->end : NULL;
        if (array && json_scan_peek(&scan) == '[') {
            *array = scan.at;
        }
        if (number) {
            json_scan_number_or_skip(&scan, number);
        } else {
            json_scan_skip(&scan);
        }
    }
    return done(file, &scan) &&
           (file->nodes || reading_fail(file->reading, MERGE_MALFORMED, 0, "it has no \"nodes\", which profiles of Node 8 and later have"));
}

// ---- Nodes ----

// parent: of files that have it in place of the children.
static bool read_node(struct file *file, struct json_scan *scan, double *id, double *parent) {
    struct span key;
    double hits = 0;
    uint32_t location = 0;
    bool ok = json_scan_object(scan);
    *id = *parent = -1;
    while (ok && json_scan_member(scan, &key)) {
        if (span_is(key, "callFrame") && json_scan_peek(scan) == '{') {
            ok = v8_frame_read(file->reading, scan, &location);
        } else if (span_is(key, "id")) {
            json_scan_number_or_skip(scan, id);
        } else if (span_is(key, "parent")) {
            json_scan_number_or_skip(scan, parent);
        } else if (span_is(key, "hitCount")) {
            json_scan_number_or_skip(scan, &hits);
        } else {
            json_scan_skip(scan);
        }
    }
    if (!ok || scan->fault || reading_add_node(file->reading, location, READING_NO_NODE) == READING_NO_NODE) {
        return false;
    }
    if (!READING_RESERVE(file->sums, file->sum_capacity, file->reading->node_count)) {
        return reading_no_memory(file->reading);
    }
    file->sums[file->reading->node_count - 1] = (struct node_sums){.hits = hits > 0 && hits < 9e18 ? (int64_t)hits : 0};
    return true;
}

static size_t count_items(const struct file *file, const char *at) {
    struct json_scan scan = scan_at(file, at);
    size_t count = 0;
    json_scan_array(&scan);
    while (json_scan_item(&scan) && json_scan_skip(&scan)) {
        count++;
    }
    json_scan_free(&scan);
    return count;
}

static bool read_nodes(struct file *file) {
    struct json_scan scan = scan_at(file, file->nodes);
    double id, parent;
    if (!id_map_init(&file->ids, count_items(file, file->nodes), intern_seed())) {
        return reading_no_memory(file->reading);
    }
    json_scan_array(&scan);
    while (json_scan_item(&scan) && read_node(file, &scan, &id, &parent)) {
        size_t offset = (size_t)(scan.at - scan.start);
        enum id_map_result put = is_id(id) ? id_map_put(&file->ids, (uint64_t)id, (uint32_t)file->reading->node_count) : ID_MAP_TWICE;
        if (put != ID_MAP_OK) {
            put == ID_MAP_NO_MEMORY
                ? reading_no_memory(file->reading)
                : reading_fail(file->reading, MERGE_MALFORMED, offset, "node %zu has no id of its own", file->reading->node_count);
            break;
        }
        // The parent is before its children.
        if (is_id(parent)) {
            uint32_t of = id_map_get(&file->ids, (uint64_t)parent);
            file->reading->nodes[file->reading->node_count - 1].parent = of ? of - 1 : READING_NO_NODE;
        }
    }
    return done(file, &scan);
}

static bool read_children(struct file *file, struct json_scan *scan, uint32_t parent) {
    double id;
    json_scan_array(scan);
    while (json_scan_item(scan) && json_scan_number(scan, &id)) {
        uint32_t node = is_id(id) ? id_map_get(&file->ids, (uint64_t)id) : 0;
        if (node == 0) {
            return reading_fail(file->reading, MERGE_MALFORMED, (size_t)(scan->at - scan->start), "child %.0f does not exist", id);
        }
        file->reading->nodes[node - 1].parent = parent;
    }
    return !scan->fault;
}

static bool read_parents(struct file *file) {
    struct json_scan scan = scan_at(file, file->nodes);
    struct span key;
    bool ok = true;
    json_scan_array(&scan);
    for (uint32_t node = 0; ok && json_scan_item(&scan); node++) {
        json_scan_object(&scan);
        while (ok && json_scan_member(&scan, &key)) {
            bool children = span_is(key, "children") && json_scan_peek(&scan) == '[';
            ok = children ? read_children(file, &scan, node) : json_scan_skip(&scan);
        }
    }
    return done(file, &scan) && ok;
}

// ---- Samples ----

static bool read_samples(struct file *file) {
    struct json_scan samples = scan_at(file, file->samples), deltas = scan_at(file, file->deltas);
    double id, delta, now = file->start > 0 ? file->start : 0, before = 0; // before: of the sample at hand
    uint32_t node = 0;
    bool known = file->start >= 0 && file->end >= 0, more = true; // more: times
    json_scan_array(&samples);
    json_scan_array(&deltas);
    while (json_scan_item(&samples)) {
        more = more && json_scan_item(&deltas);
        if (!more) {
            file->lone_samples += json_scan_skip(&samples);
            continue;
        }
        if (!json_scan_number(&samples, &id) || !json_scan_number(&deltas, &delta)) {
            break;
        }
        now += delta; // may be negative: clocks of two processors
        if (node != 0) {
            file->sums[node - 1].microseconds += now > before ? now - before : 0;
        }
        before = now > before || node == 0 ? now : before;
        node = is_id(id) ? id_map_get(&file->ids, (uint64_t)id) : 0;
        if (node == 0) {
            reading_fail(file->reading, MERGE_MALFORMED, (size_t)(samples.at - samples.start),
                         "a sample of node %.0f, which does not exist", id);
            break;
        }
        file->sums[node - 1].samples++;
    }
    while (more && !samples.fault && json_scan_item(&deltas) && json_scan_skip(&deltas)) {
        file->lone_deltas++;
    }
    if (node != 0 && known && file->end > before) {
        file->sums[node - 1].microseconds += file->end - before;
    }
    bool ok = done(file, &samples);
    return done(file, &deltas) && ok;
}

static bool emit(struct file *file) {
    struct reading *reading = file->reading;
    struct reading_rounding rounding = {0};
    bool timed = file->samples && file->deltas;
    profile_add_sample_type(reading->profile, "samples", "count");
    if (timed) {
        profile_add_sample_type(reading->profile, "wall", "nanoseconds");
    }
    for (size_t node = 0; node < reading->node_count; node++) {
        const struct node_sums *sums = &file->sums[node];
        const int64_t values[] = {timed ? sums->samples : sums->hits, reading_round(&rounding, sums->microseconds * 1e3)};
        reading_begin_stack(reading);
        if ((values[0] != 0 || values[1] != 0) &&
            (!reading_push_node(reading, (uint32_t)node) || !reading_sample(reading, values, NULL, 0))) {
            return false;
        }
    }
    bool known = file->start >= 0 && file->end >= 0;
    double duration = known ? (file->end - file->start) * 1e3 : 0;
    reading_left_out(reading, file->lone_samples, "samples without a time");
    reading_left_out(reading, file->lone_deltas, "times without a sample");
    reading_warn(reading, timed && !known, "sample has no time, the last one: the file has no startTime or no endTime");
    profile_set_time(reading->profile, 0, duration > 0 && duration < 9e18 ? (int64_t)duration : 0);
    return true;
}

bool v8_cpu_read(struct reading *reading) {
    struct file file = {.reading = reading, .start = -1, .end = -1};
    bool ok = read_top(&file) && read_nodes(&file) && read_parents(&file) && reading_check_nodes(reading) &&
              (!file.samples || !file.deltas || read_samples(&file)) && emit(&file);
    id_map_free(&file.ids);
    memory_free(file.sums);
    return ok;
}
