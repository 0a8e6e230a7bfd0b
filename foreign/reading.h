// reading.h: what all readers of foreign files share: the profile that is made, samples of frames by name or by node, faults, and counts of
// what is left out.
//
// Threads: as the caller of foreign_read. Memory: memory.h, so that it counts against the thread's budget, held by the reading;
// reading_free frees all but the profile.
#ifndef CMEMPROF_FOREIGN_READING_H
#define CMEMPROF_FOREIGN_READING_H

#include "../merge/fault.h"
#include "../merge/intern.h"
#include "../merge/memory.h"
#include "foreign.h"
#include "json_scan.h"
#include "lines.h"

// VECTOR_RESERVE (../base/vector.h) with memory that counts against the thread's budget: memory_free frees it.
#define READING_RESERVE(items, capacity, count) reading_reserve(&(items), sizeof *(items), &(capacity), count)
bool reading_reserve(void *array, size_t item_bytes, size_t *capacity, size_t count);

// A node of a tree of calls: its frame, and the caller.
#define READING_NO_NODE UINT32_MAX
struct reading_node {
    uint32_t location, parent; // parent: READING_NO_NODE at a root
};

struct reading {
    const char *bytes;
    size_t size;
    const struct merge_limits *limits;
    struct merge_fault *fault;
    struct profile *profile;
    enum merge_error error; // the first
    uint32_t *locations;    // of the sample at hand, leaf first
    size_t depth, locations_capacity;
    uint64_t frames;  // of all samples, and nodes without one that were passed
    uint64_t cut;     // samples whose stacks were deeper than the limit
    uint64_t damaged; // lines or entries that are left out; said by reading_left_out
    char *text;       // of the name at hand, zero-terminated
    size_t text_capacity;
    struct reading_node *nodes;
    size_t node_count, node_capacity;
    struct intern children; // ids are those of nodes + 1
    uint64_t seed;
};

// Sets the error, if it is the first. Returns false.
bool reading_fail(struct reading *reading, enum merge_error error, size_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
// "line 12: " before the text; the offset is the line's.
bool reading_fail_line(struct reading *reading, const struct lines *lines, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool reading_no_memory(struct reading *reading); // returns false
bool reading_fail_scan(struct reading *reading, const struct json_scan *scan);

// A copy with a zero at its end, valid until the next call. Zeros within become U+FFFD's first byte's stand-in, '?'. NULL: no memory.
const char *reading_text(struct reading *reading, struct span span);
// The id of a function, or of a location of one function without an address. file: "" if unknown. 0: no memory.
uint32_t reading_function(struct reading *reading, struct span name, const char *file, int64_t start_line);
uint32_t reading_frame(struct reading *reading, struct span name, const char *file, int64_t line);

// ---- Samples ----

// The stack of a sample: begin, then its locations from leaf to root, or those of a node and its callers.
void reading_begin_stack(struct reading *reading);
bool reading_push(struct reading *reading, uint32_t location);
bool reading_push_node(struct reading *reading, uint32_t node); // there are no cycles
void reading_reverse_stack(struct reading *reading);            // it was pushed from the root
bool reading_sample(struct reading *reading, const int64_t *values, const struct profile_label *labels, size_t label_count);

// Returns the new node, or READING_NO_NODE without memory.
uint32_t reading_add_node(struct reading *reading, uint32_t location, uint32_t parent);
// The parent's child with that location, which is added if there is none. READING_NO_NODE: no memory.
uint32_t reading_child(struct reading *reading, uint32_t location, uint32_t parent);
// Of files whose nodes name callers that come later: fails if a node is its own caller, however far.
bool reading_check_nodes(struct reading *reading);

// ---- Values ----

// Numbers with a fraction become whole ones, and what is cut off goes to the next value: the sum is exact to one half.
struct reading_rounding {
    double rest;
};
int64_t reading_round(struct reading_rounding *rounding, double value);

// ---- The end ----

// A warning: `count` and the text, if count > 0. "lines that are no stack with a value".
void reading_left_out(struct reading *reading, uint64_t count, const char *what);
// Another one, if count > 0: "3 events earlier than the one before".
void reading_warn(struct reading *reading, uint64_t count, const char *what);
void reading_free(struct reading *reading);

// ---- Readers ----

// Each adds sample types and samples to the profile. False: the reading has failed.
struct folded_type {
    const char *type, *unit;
};
bool folded_read(struct reading *reading, const struct folded_type *type);
bool speedscope_read(struct reading *reading);
bool v8_cpu_read(struct reading *reading);
bool v8_heap_read(struct reading *reading);
bool pprof_heap_read(struct reading *reading);
bool jemalloc_read(struct reading *reading);
bool pprof_contention_read(struct reading *reading);
bool pprof_threads_read(struct reading *reading);
bool pprof_count_read(struct reading *reading);
bool pprof_cpu_read(struct reading *reading);
bool perf_script_read(struct reading *reading);
bool heaptrack_read(struct reading *reading);
bool go_trace_read(struct reading *reading);

// Whether the beginning of a file is of the format.
bool folded_is(const char *bytes, size_t size, size_t least); // least: so many stacks
bool perf_script_is(const char *bytes, size_t size);
bool pprof_cpu_is(const char *bytes, size_t size);

#endif
