// reading.c: what the readers of foreign files share (reading.h).
#include "reading.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void fail_with(struct reading *reading, enum merge_error error, size_t offset, const char *text) {
    if (reading->error == MERGE_OK) {
        reading->error = fault_set(reading->fault, error, offset, "%s", text);
    }
}

bool reading_fail(struct reading *reading, enum merge_error error, size_t offset, const char *format, ...) {
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fail_with(reading, error, offset, text);
    return false;
}

bool reading_fail_line(struct reading *reading, const struct lines *lines, const char *format, ...) {
    char text[160];
    int length = snprintf(text, sizeof text, "line %" PRIu64 ": ", lines->number);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + length, sizeof text - (size_t)length, format, arguments);
    va_end(arguments);
    fail_with(reading, MERGE_MALFORMED, lines->line.at ? (size_t)(lines->line.at - lines->start) : 0, text);
    return false;
}

bool reading_no_memory(struct reading *reading) {
    return reading_fail(reading, MERGE_NO_MEMORY, 0, "out of memory");
}

bool reading_fail_scan(struct reading *reading, const struct json_scan *scan) {
    return scan->no_memory
               ? reading_no_memory(reading)
               : reading_fail(reading, MERGE_MALFORMED, scan->fault_offset, "damaged JSON: %s", scan->fault ? scan->fault : "no value");
}

bool reading_reserve(void *array, size_t item_bytes, size_t *capacity, size_t count) {
    enum { FIRST_ITEMS = 16 };
    if (count <= *capacity) {
        return true;
    }
    size_t larger = *capacity > 0 ? *capacity * 2 : FIRST_ITEMS, bytes;
    larger = larger > count ? larger : count;
    void *items;
    memcpy(&items, array, sizeof items); // array is the address of a pointer of any type
    items = __builtin_mul_overflow(larger, item_bytes, &bytes) ? NULL : memory_resize(items, bytes);
    if (!items) {
        return false;
    }
    memcpy(array, &items, sizeof items);
    *capacity = larger;
    return true;
}

// ---- Frames ----

const char *reading_text(struct reading *reading, struct span span) {
    size_t size = span.size < reading->limits->string_bytes ? span.size : reading->limits->string_bytes;
    if (!READING_RESERVE(reading->text, reading->text_capacity, size + 1)) {
        reading_no_memory(reading);
        return NULL;
    }
    if (size > 0) {
        memcpy(reading->text, span.at, size);
    }
    reading->text[size] = '\0';
    for (char *zero = memchr(reading->text, '\0', size); zero; zero = memchr(zero, '\0', size - (size_t)(zero - reading->text))) {
        *zero = '?';
    }
    return reading->text;
}

uint32_t reading_function(struct reading *reading, struct span name, const char *file, int64_t start_line) {
    const char *text = reading_text(reading, name);
    if (!text) {
        return 0;
    }
    const struct profile_function function = {.name = text, .system_name = text, .file = file, .start_line = start_line};
    return profile_add_function(reading->profile, &function);
}

uint32_t reading_frame(struct reading *reading, struct span name, const char *file, int64_t line) {
    const struct profile_line at = {.function = reading_function(reading, name, file, 0), .line = line};
    uint32_t location = at.function ? profile_add_location(reading->profile, 0, 0, &at, 1) : 0;
    if (location == 0) {
        reading_no_memory(reading);
    }
    return location;
}

// ---- Samples ----

void reading_begin_stack(struct reading *reading) {
    reading->depth = 0;
}

bool reading_push(struct reading *reading, uint32_t location) {
    if (location == 0 || !READING_RESERVE(reading->locations, reading->locations_capacity, reading->depth + 1)) {
        return reading_no_memory(reading);
    }
    reading->locations[reading->depth++] = location;
    return true;
}

bool reading_push_node(struct reading *reading, uint32_t node) {
    for (; node != READING_NO_NODE && reading->depth <= reading->limits->depth_frames; node = reading->nodes[node].parent) {
        if (reading->nodes[node].location == 0) {
            reading->frames++; // a step costs time as a frame does
        } else if (!reading_push(reading, reading->nodes[node].location)) {
            return false;
        }
    }
    return true;
}

void reading_reverse_stack(struct reading *reading) {
    for (size_t i = 0, j = reading->depth; i + 1 < j; i++) {
        uint32_t location = reading->locations[--j];
        reading->locations[j] = reading->locations[i];
        reading->locations[i] = location;
    }
}

// The innermost frames of a stack that is too deep are kept: they tell whose the value is.
bool reading_sample(struct reading *reading, const int64_t *values, const struct profile_label *labels, size_t label_count) {
    if (reading->depth > reading->limits->depth_frames) {
        reading->depth = reading->limits->depth_frames;
        reading->cut++;
    }
    reading->frames += reading->depth;
    if (reading->frames > reading->limits->total_frames) {
        return reading_fail(reading, MERGE_TOO_LARGE, 0, "its stacks have more than %zu frames together", reading->limits->total_frames);
    }
    if (merge_budget_stopped()) {
        return reading_fail(reading, MERGE_NO_MEMORY, 0, "it was given up");
    }
    profile_add_sample(reading->profile, reading->locations, reading->depth, values, labels, label_count);
    return profile_status(reading->profile) == MERGE_OK || reading_no_memory(reading);
}

uint32_t reading_add_node(struct reading *reading, uint32_t location, uint32_t parent) {
    if (reading->node_count >= READING_NO_NODE || !READING_RESERVE(reading->nodes, reading->node_capacity, reading->node_count + 1)) {
        reading_no_memory(reading);
        return READING_NO_NODE;
    }
    reading->nodes[reading->node_count] = (struct reading_node){location, parent};
    return (uint32_t)reading->node_count++;
}

static bool node_equals(const void *context, uint32_t id, const void *key) {
    const struct reading_node *node = &((const struct reading *)context)->nodes[id - 1], *wanted = key;
    return node->location == wanted->location && node->parent == wanted->parent;
}

uint32_t reading_child(struct reading *reading, uint32_t location, uint32_t parent) {
    const struct reading_node key = {location, parent};
    reading->seed = reading->seed ? reading->seed : intern_seed() | 1;
    uint32_t hash = intern_hash_end(intern_hash_word(reading->seed, (uint64_t)parent << 32 | location));
    uint32_t found = intern_find(&reading->children, hash, node_equals, reading, &key);
    if (found != 0) {
        return found - 1;
    }
    uint32_t node = reading_add_node(reading, location, parent);
    if (node != READING_NO_NODE && !intern_add(&reading->children, hash, node + 1)) {
        reading_no_memory(reading);
        return READING_NO_NODE;
    }
    return node;
}

// Each node is passed twice: what is reached within one walk twice is a cycle.
bool reading_check_nodes(struct reading *reading) {
    enum { UNKNOWN, WALKED, ENDS };
    uint8_t *states = memory_take_zeroed(reading->node_count + 1, sizeof *states);
    bool ok = states || reading_no_memory(reading);
    for (uint32_t start = 0; ok && start < reading->node_count; start++) {
        uint32_t node = start;
        for (; node != READING_NO_NODE && states[node] == UNKNOWN; node = reading->nodes[node].parent) {
            states[node] = WALKED;
        }
        if (node != READING_NO_NODE && states[node] == WALKED) {
            ok = reading_fail(reading, MERGE_MALFORMED, 0, "node %u of its tree is its own caller", node + 1);
        }
        for (node = start; ok && node != READING_NO_NODE && states[node] == WALKED; node = reading->nodes[node].parent) {
            states[node] = ENDS;
        }
    }
    memory_free(states);
    return ok;
}

// ---- Values ----

int64_t reading_round(struct reading_rounding *rounding, double value) {
    double exact = value + rounding->rest;
    if (!(fabs(exact) < 9.2e18)) {
        rounding->rest = 0;
        return isnan(exact) ? 0 : exact > 0 ? INT64_MAX : INT64_MIN;
    }
    int64_t whole = (int64_t)floor(exact + 0.5);
    rounding->rest = exact - (double)whole;
    return whole;
}

// ---- The end ----

void reading_left_out(struct reading *reading, uint64_t count, const char *what) {
    char text[200];
    if (count > 0) {
        snprintf(text, sizeof text, "cmemprof: warning: left out: %" PRIu64 " %s", count, what);
        profile_add_comment(reading->profile, text);
    }
}

void reading_warn(struct reading *reading, uint64_t count, const char *what) {
    char text[200];
    if (count > 0) {
        snprintf(text, sizeof text, "cmemprof: warning: %" PRIu64 " %s", count, what);
        profile_add_comment(reading->profile, text);
    }
}

void reading_free(struct reading *reading) {
    memory_free(reading->locations);
    memory_free(reading->text);
    memory_free(reading->nodes);
    intern_free(&reading->children);
}
