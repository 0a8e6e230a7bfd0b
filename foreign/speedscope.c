// speedscope.c: files of speedscope: frames that all profiles share, and profiles of samples with weights, or of events that open and close
// frames (reading.h).
//
// Times become nanoseconds. Units of profiles are sample types: "samples" for none, "space" for bytes, "time". If there is more than one
// profile, the label "profile" has its name.
#include "reading.h"

#include <stdlib.h>

enum column { SAMPLES, SPACE, TIME, COLUMNS };

struct one { // a profile
    char *name;
    enum column column;
    double scale;
    const char *events, *samples, *weights; // where the arrays begin; NULL: none
};

struct file {
    struct reading *reading;
    uint32_t *frames; // locations
    size_t frame_count, frame_capacity;
    struct one *profiles;
    size_t profile_count, profile_capacity;
    int column_of[COLUMNS]; // in the profile; -1: none
    size_t columns;
    double *self; // by node
    size_t self_capacity;
    uint32_t *touched; // nodes with time of their own in the profile at hand
    size_t touched_count, touched_capacity;
    uint64_t lone_weights, early_events, open_frames; // said as warnings
    struct reading_rounding rounding;
    double start, end; // in nanoseconds, of all profiles of time
};

static struct json_scan scan_at(const struct file *file, const char *at) {
    struct json_scan scan = json_scan_of(file->reading->bytes, file->reading->size);
    scan.at = at;
    return scan;
}

// Ends a scan. False: it has failed.
static bool done(struct file *file, struct json_scan *scan) {
    bool ok = !scan->fault || reading_fail_scan(file->reading, scan);
    json_scan_free(scan);
    return ok && file->reading->error == MERGE_OK;
}

// ---- Frames ----

static bool read_frame(struct file *file, struct json_scan *scan) {
    struct span key, text, name = {"", 0};
    char *file_name = NULL, *own = NULL;
    double line = 0;
    json_scan_object(scan);
    while (json_scan_member(scan, &key)) {
        bool is_name = span_is(key, "name");
        if (is_name || span_is(key, "file")) {
            char **copy = is_name ? &own : &file_name;
            if (json_scan_text_or_skip(scan, &text) && !*copy && !(*copy = strndup(text.at, text.size))) {
                reading_no_memory(file->reading);
                break;
            }
        } else if (span_is(key, "line")) {
            json_scan_number_or_skip(scan, &line);
        } else {
            json_scan_skip(scan);
        }
    }
    name = own ? (struct span){own, strlen(own)} : name;
    bool ok =
        file->reading->error == MERGE_OK && !scan->fault && READING_RESERVE(file->frames, file->frame_capacity, file->frame_count + 1);
    if (ok) {
        int64_t number = line > 0 && line < 1e9 ? (int64_t)line : 0;
        uint32_t frame =
            reading_frame(file->reading, name.size > 0 ? name : (struct span){"(anonymous)", 11}, file_name ? file_name : "", number);
        file->frames[file->frame_count++] = frame;
        ok = frame != 0;
    } else if (!scan->fault) {
        reading_no_memory(file->reading);
    }
    free(own);
    free(file_name);
    return ok;
}

static bool read_frames(struct file *file, const char *shared) {
    struct json_scan scan = scan_at(file, shared);
    struct span key;
    json_scan_object(&scan);
    while (json_scan_member(&scan, &key)) {
        if (!span_is(key, "frames")) {
            json_scan_skip(&scan);
            continue;
        }
        json_scan_array(&scan);
        while (json_scan_item(&scan)) {
            if (!read_frame(file, &scan)) {
                return done(file, &scan);
            }
        }
    }
    return done(file, &scan);
}

// ---- Heads of profiles ----

static bool take_unit(struct one *one, struct span unit) {
    static const struct {
        const char *unit;
        enum column column;
        double scale;
    } units[] = {{"none", SAMPLES, 1},        {"bytes", SPACE, 1},         {"nanoseconds", TIME, 1},
                 {"microseconds", TIME, 1e3}, {"milliseconds", TIME, 1e6}, {"seconds", TIME, 1e9}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (span_is(unit, units[i].unit)) {
            one->column = units[i].column;
            one->scale = units[i].scale;
            return true;
        }
    }
    return false;
}

static bool read_head(struct file *file, struct json_scan *scan) {
    struct one one = {.column = SAMPLES, .scale = 1};
    struct span key, text;
    double start = 0, end = 0;
    size_t offset = (size_t)(scan->at - scan->start);
    bool known = true;
    json_scan_object(scan);
    while (json_scan_member(scan, &key)) {
        const char **array = span_is(key, "events")    ? &one.events
                             : span_is(key, "samples") ? &one.samples
                             : span_is(key, "weights") ? &one.weights
                                                       : NULL;
        if (array && json_scan_peek(scan) == '[') {
            *array = scan->at;
        }
        if (span_is(key, "name") && json_scan_peek(scan) == '"') {
            free(one.name);
            one.name = json_scan_text(scan, &text) ? strndup(text.at, text.size) : NULL;
        } else if (span_is(key, "unit") && json_scan_peek(scan) == '"') {
            known = json_scan_text(scan, &text) && take_unit(&one, text);
        } else if (span_is(key, "startValue")) {
            json_scan_number_or_skip(scan, &start);
        } else if (span_is(key, "endValue")) {
            json_scan_number_or_skip(scan, &end);
        } else {
            json_scan_skip(scan);
        }
    }
    bool ok = !scan->fault;
    if (ok && !known) {
        ok = reading_fail(file->reading, MERGE_MALFORMED, offset, "profile %zu has an unknown unit", file->profile_count);
    } else if (ok && !one.events && !(one.samples && one.weights)) {
        ok = reading_fail(file->reading, MERGE_MALFORMED, offset, "profile %zu has neither events nor samples with weights",
                          file->profile_count);
    } else if (ok && !READING_RESERVE(file->profiles, file->profile_capacity, file->profile_count + 1)) {
        ok = reading_no_memory(file->reading);
    }
    if (!ok) {
        free(one.name);
        return false;
    }
    if (one.column == TIME && end > start) {
        bool first = file->end <= file->start;
        file->start = first || start * one.scale < file->start ? start * one.scale : file->start;
        file->end = first || end * one.scale > file->end ? end * one.scale : file->end;
    }
    file->profiles[file->profile_count++] = one;
    return true;
}

static bool read_heads(struct file *file, const char *profiles) {
    struct json_scan scan = scan_at(file, profiles);
    json_scan_array(&scan);
    while (json_scan_item(&scan)) {
        if (!read_head(file, &scan)) {
            break;
        }
    }
    return done(file, &scan);
}

static void add_types(struct file *file) {
    static const struct folded_type types[COLUMNS] = {{"samples", "count"}, {"space", "bytes"}, {"time", "nanoseconds"}};
    for (enum column column = 0; column < COLUMNS; column++) {
        file->column_of[column] = -1;
        for (size_t i = 0; i < file->profile_count && file->column_of[column] < 0; i++) {
            if (file->profiles[i].column == column) {
                profile_add_sample_type(file->reading->profile, types[column].type, types[column].unit);
                file->column_of[column] = (int)file->columns++;
            }
        }
    }
}

// ---- Samples ----

static bool add_sample(struct file *file, const struct one *one, double value) {
    int64_t values[COLUMNS] = {0};
    struct profile_label label = {.key = "profile", .text = one->name ? one->name : "", .unit = ""};
    values[file->column_of[one->column]] = reading_round(&file->rounding, value * one->scale);
    return reading_sample(file->reading, values, &label, file->profile_count > 1 && one->name);
}

static bool frame_at(struct file *file, const struct json_scan *scan, double index, uint32_t *location) {
    if (!(index >= 0 && index < (double)file->frame_count)) {
        return reading_fail(file->reading, MERGE_MALFORMED, (size_t)(scan->at - scan->start), "frame %.0f does not exist; there are %zu",
                            index, file->frame_count);
    }
    *location = file->frames[(size_t)index];
    return true;
}

static bool read_stack(struct file *file, struct json_scan *scan) {
    double index;
    uint32_t location = 0;
    reading_begin_stack(file->reading);
    json_scan_array(scan);
    while (json_scan_item(scan)) {
        if (!json_scan_number(scan, &index) || !frame_at(file, scan, index, &location) || !reading_push(file->reading, location)) {
            return false;
        }
    }
    reading_reverse_stack(file->reading);
    return !scan->fault;
}

static bool read_samples(struct file *file, const struct one *one) {
    struct json_scan samples = scan_at(file, one->samples), weights = scan_at(file, one->weights);
    double weight;
    bool ok = true;
    json_scan_array(&samples);
    json_scan_array(&weights);
    while (ok && json_scan_item(&samples)) {
        if (!json_scan_item(&weights)) {
            ok = weights.fault ? false
                               : reading_fail(file->reading, MERGE_MALFORMED, (size_t)(samples.at - samples.start),
                                              "a profile has more samples than weights");
            break;
        }
        ok = read_stack(file, &samples) && json_scan_number(&weights, &weight) && add_sample(file, one, weight);
    }
    while (ok && !samples.fault && json_scan_item(&weights) && json_scan_skip(&weights)) {
        file->lone_weights++;
    }
    ok = done(file, &samples) && ok;
    return done(file, &weights) && ok;
}

// ---- Events ----

struct event {
    char type;
    double frame, at;
};

static bool read_event(struct json_scan *scan, struct event *event) {
    struct span key, text;
    *event = (struct event){.frame = -1};
    json_scan_object(scan);
    while (json_scan_member(scan, &key)) {
        if (span_is(key, "type")) {
            event->type = json_scan_text_or_skip(scan, &text) && text.size == 1 ? *text.at : '\0';
        } else if (span_is(key, "frame")) {
            json_scan_number_or_skip(scan, &event->frame);
        } else if (span_is(key, "at")) {
            json_scan_number_or_skip(scan, &event->at);
        } else {
            json_scan_skip(scan);
        }
    }
    return !scan->fault;
}

static bool grow_self(struct file *file) {
    size_t before = file->self_capacity, count = file->reading->node_count;
    if (!READING_RESERVE(file->self, file->self_capacity, count)) {
        return reading_no_memory(file->reading);
    }
    memset(file->self + before, 0, (file->self_capacity - before) * sizeof *file->self);
    return true;
}

static bool apply(struct file *file, const struct json_scan *scan, const struct event *event, uint32_t *open) {
    struct reading *reading = file->reading;
    size_t offset = (size_t)(scan->at - scan->start);
    uint32_t location = 0;
    if (!frame_at(file, scan, event->frame, &location)) {
        return false;
    }
    if (event->type == 'O') {
        *open = reading_child(reading, location, *open);
        return *open != READING_NO_NODE && grow_self(file);
    }
    if (event->type != 'C') {
        return reading_fail(reading, MERGE_MALFORMED, offset, "an event is neither O nor C");
    }
    if (*open == READING_NO_NODE || reading->nodes[*open].location != location) {
        return reading_fail(reading, MERGE_MALFORMED, offset, "frame %.0f is closed, and is not the one that was opened last",
                            event->frame);
    }
    *open = reading->nodes[*open].parent;
    return true;
}

static bool add_time(struct file *file, uint32_t node, double time) {
    if (file->self[node] == 0) {
        if (!READING_RESERVE(file->touched, file->touched_capacity, file->touched_count + 1)) {
            return reading_no_memory(file->reading);
        }
        file->touched[file->touched_count++] = node;
    }
    file->self[node] += time;
    return true;
}

static int by_number(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

// Nodes are those of all profiles so far: only those of this one are walked.
static bool emit_nodes(struct file *file, const struct one *one) {
    if (file->touched_count > 0) {
        qsort(file->touched, file->touched_count, sizeof *file->touched, by_number);
    }
    for (size_t i = 0; i < file->touched_count; i++) {
        uint32_t node = file->touched[i];
        reading_begin_stack(file->reading);
        if (!reading_push_node(file->reading, node) || !add_sample(file, one, file->self[node])) {
            return false;
        }
        file->self[node] = 0;
    }
    file->touched_count = 0;
    return true;
}

static bool read_events(struct file *file, const struct one *one) {
    struct json_scan scan = scan_at(file, one->events);
    uint32_t open = READING_NO_NODE;
    double before = 0;
    bool ok = true, first = true;
    json_scan_array(&scan);
    while (ok && json_scan_item(&scan)) {
        struct event event;
        ok = read_event(&scan, &event);
        if (ok && open != READING_NO_NODE && event.at > before) {
            ok = add_time(file, open, event.at - before);
        }
        file->early_events += !first && event.at < before;
        before = event.at > before || first ? event.at : before;
        first = false;
        ok = ok && apply(file, &scan, &event, &open);
    }
    for (; ok && !scan.fault && open != READING_NO_NODE; open = file->reading->nodes[open].parent) {
        file->open_frames++;
    }
    return done(file, &scan) && ok && emit_nodes(file, one);
}

// ---- File ----

static bool read_all(struct file *file) {
    struct reading *reading = file->reading;
    struct json_scan scan = json_scan_of(reading->bytes, reading->size);
    struct span key;
    const char *shared = NULL, *profiles = NULL;
    json_scan_object(&scan);
    while (json_scan_member(&scan, &key)) {
        const char **value = span_is(key, "shared") ? &shared : span_is(key, "profiles") ? &profiles : NULL;
        json_scan_peek(&scan);
        if (value) {
            *value = scan.at;
        }
        json_scan_skip(&scan);
    }
    if (!done(file, &scan)) {
        return false;
    }
    if (!shared || !profiles) {
        return reading_fail(reading, MERGE_MALFORMED, 0, "it has no \"%s\"", shared ? "profiles" : "shared");
    }
    if (!read_frames(file, shared) || !read_heads(file, profiles)) {
        return false;
    }
    add_types(file);
    for (size_t i = 0; i < file->profile_count; i++) {
        const struct one *one = &file->profiles[i];
        file->rounding = (struct reading_rounding){0};
        if (!(one->events ? read_events(file, one) : read_samples(file, one))) {
            return false;
        }
    }
    double duration = file->end - file->start;
    profile_set_time(reading->profile, 0, duration > 0 && duration < 9e18 ? (int64_t)duration : 0);
    reading_left_out(reading, file->lone_weights, "weights without a sample");
    reading_warn(reading, file->early_events, "events are earlier than one before them; the time between counts as 0");
    reading_warn(reading, file->open_frames, "frames are not closed; what they took after the last event is unknown");
    return true;
}

bool speedscope_read(struct reading *reading) {
    struct file file = {.reading = reading};
    bool ok = read_all(&file);
    for (size_t i = 0; i < file.profile_count; i++) {
        free(file.profiles[i].name);
    }
    memory_free(file.frames);
    memory_free(file.profiles);
    memory_free(file.self);
    memory_free(file.touched);
    return ok;
}
