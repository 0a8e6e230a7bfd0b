// foreign.c: which reader a file needs, and the frame around all readers (foreign.h).
#include "foreign.h"
#include "reading.h"

#include <string.h>

static const struct {
    const char *name, *hint;
    bool (*read)(struct reading *reading);
} formats[FOREIGN_FORMATS] = {
    [FOREIGN_NONE] = {.name = "an unknown format"},
    [FOREIGN_FOLDED] = {.name = "folded stacks"},
    [FOREIGN_SPEEDSCOPE] = {.name = "a speedscope file", .read = speedscope_read},
    [FOREIGN_V8_CPU] = {.name = "a CPU profile of V8", .read = v8_cpu_read},
    [FOREIGN_V8_HEAP] = {.name = "a heap profile of V8", .read = v8_heap_read},
    [FOREIGN_PPROF_HEAP] = {.name = "a heap profile as text", .read = pprof_heap_read},
    [FOREIGN_JEMALLOC] = {.name = "a heap profile of jemalloc", .read = jemalloc_read},
    [FOREIGN_PPROF_CONTENTION] = {.name = "a contention profile as text", .read = pprof_contention_read},
    [FOREIGN_PPROF_THREADS] = {.name = "a thread profile as text", .read = pprof_threads_read},
    [FOREIGN_PPROF_COUNT] = {.name = "a goroutine or threadcreate profile as text", .read = pprof_count_read},
    [FOREIGN_PPROF_CPU] = {.name = "a CPU profile of gperftools", .read = pprof_cpu_read},
    [FOREIGN_PERF_SCRIPT] = {.name = "the output of perf script", .read = perf_script_read},
    [FOREIGN_HEAPTRACK] = {.name = "a heaptrack file", .read = heaptrack_read},
    [FOREIGN_GO_TRACE] = {.name = "a Go execution trace", .read = go_trace_read},
    [FOREIGN_HEAPTRACK_RAW] = {.name = "a raw heaptrack file",
                               .hint = "its addresses have no names yet: heaptrack_interpret of heaptrack makes a file that can be read"},
    [FOREIGN_MEMRAY] = {.name = "a capture of memray",
                        .hint = "its format is memray's own and changes with its versions: memray transform speedscope makes a file of "
                                "it that can be read"},
};

const char *foreign_name(enum foreign_format format) {
    return formats[format].name;
}

const char *foreign_hint(enum foreign_format format) {
    return formats[format].hint;
}

// ---- Reading ----

static struct profile *finish(struct reading *reading, bool ok) {
    struct profile *profile = reading->profile;
    if (ok && merge_budget_stopped()) { // its end may not be the file's
        ok = reading_fail(reading, MERGE_NO_MEMORY, 0, "it was given up");
    }
    if (ok && profile_sample_count(profile) == 0) {
        ok = reading_fail(reading, MERGE_MALFORMED, 0, "it has no samples");
    }
    reading_left_out(reading, reading->cut, "callers of stacks that are too deep, of so many samples each");
    if (ok && profile_status(profile) != MERGE_OK) {
        ok = reading_no_memory(reading);
    }
    reading_free(reading);
    if (!ok) {
        profile_free(profile);
    }
    return ok ? profile : NULL;
}

static bool begin(struct reading *reading, const void *bytes, size_t size, const struct merge_limits *limits, struct merge_fault *fault) {
    *reading = (struct reading){
        .bytes = bytes, .size = size, .limits = limits ? limits : &merge_default_limits, .fault = fault, .profile = profile_new()};
    if (size > reading->limits->input_bytes) {
        profile_free(reading->profile);
        fault_set(fault, MERGE_TOO_LARGE, 0, "more than %zu MiB", reading->limits->input_bytes >> 20);
        return false;
    }
    if (!reading->profile) {
        fault_set(fault, MERGE_NO_MEMORY, 0, "out of memory");
    }
    return reading->profile;
}

struct profile *foreign_read(enum foreign_format format, const void *bytes, size_t size, const struct merge_limits *limits,
                             struct merge_fault *fault) {
    struct reading reading;
    if (format == FOREIGN_FOLDED) {
        return foreign_read_folded(bytes, size, "samples", "count", limits, fault);
    }
    if (format >= FOREIGN_FORMATS || !formats[format].read) {
        fault_set(fault, MERGE_MALFORMED, 0, "%s", foreign_name(format < FOREIGN_FORMATS ? format : FOREIGN_NONE));
        return NULL;
    }
    return begin(&reading, bytes, size, limits, fault) ? finish(&reading, formats[format].read(&reading)) : NULL;
}

struct profile *foreign_read_folded(const void *bytes, size_t size, const char *type, const char *unit, const struct merge_limits *limits,
                                    struct merge_fault *fault) {
    struct reading reading;
    const struct folded_type of = {type, unit};
    return begin(&reading, bytes, size, limits, fault) ? finish(&reading, folded_read(&reading, &of)) : NULL;
}
