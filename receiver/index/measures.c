// measures.c: the measures of an upload (measures.h), by sample types and clients:
//
//     measure              Go                          Python              Node                   Java (a recording)
//     cpu_cores            cpu                         cpu-time            cpu (in wall.pprof)    jdk.CPULoad, else cpu
//     alloc_bytes_per_s    alloc_space (delta only)    alloc-space                                alloc_space
//     heap_live_bytes      inuse_space without C       heap-space          inuse_space; space     jdk.GCHeapSummary, else inuse_space
//     c_live_bytes         inuse_space with memory=C
//     goroutines           goroutine
//     lock_seconds_per_s   delay of delta-mutex        lock-acquire-wait                          lock_time
//
// "space": Node up to 5.40.
#include "measures.h"
#include "../../merge/merge.h"
#include "../base/read_exact.h"
#include "catalog.h"
#include "recording_conversion.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const measure_names[MEASURE_COUNT] = {"cpu_cores",    "alloc_bytes_per_s", "heap_live_bytes",
                                                  "c_live_bytes", "goroutines",        "lock_seconds_per_s"};
const char *const measure_units[MEASURE_COUNT] = {"cores", "bytes/s", "bytes", "bytes", "count", "s/s"};

enum { MAX_BYTES = 64 << 20 };

// ---- Sums to measures ----

static void add(double *value, double more) {
    *value = isnan(*value) ? more : *value + more;
}

// Amounts of a period: per second; nanoseconds become seconds.
static void add_rate(double *value, const struct totals_type *type, double seconds) {
    if (type && seconds > 0) {
        double unit = strcmp(type->unit, "nanoseconds") == 0 ? 1e9 : 1;
        add(value, (double)type->total / unit / seconds);
    }
}

static bool starts_with(const char *text, const char *start) {
    return strncmp(text, start, strlen(start)) == 0;
}

// A C program's, or a Go service's last words: these say nothing of the language's heap, and last words nothing of allocations either.
static bool is_c_alone(const struct totals *totals) {
    return totals->samples > 0 && totals->samples == totals->c_samples + totals->mapped_samples;
}

static void add_allocations(struct measures *measures, const struct totals *totals, double seconds) {
    const struct totals_type *type = totals_find(totals, "alloc_space");
    if (type && !(is_c_alone(totals) && type->total == 0)) {
        add_rate(&measures->values[MEASURE_ALLOC_BYTES_PER_S], type, seconds);
    }
}

static void add_live(struct measures *measures, const struct totals *totals) {
    const struct totals_type *type = NULL;
    for (size_t i = 0; !type && profile_live_types[i]; i++) {
        type = totals_find(totals, profile_live_types[i]);
    }
    if (!type) {
        return;
    }
    if (!is_c_alone(totals)) {
        add(&measures->values[MEASURE_HEAP_LIVE_BYTES], (double)type->total - (double)type->c_total - (double)type->mapped_total);
    }
    if (totals->c_samples > 0) {
        add(&measures->values[MEASURE_C_LIVE_BYTES], (double)type->c_total);
    }
}

// What samples of a recording say of it.
static void add_recording_rates(double *values, const struct totals *totals, double seconds) {
    add_rate(&values[MEASURE_ALLOC_BYTES_PER_S], totals_find(totals, "alloc_space"), seconds);
    add_rate(&values[MEASURE_LOCK_SECONDS_PER_S], totals_find(totals, "lock_time"), seconds);
}

static void add_recording_totals(double *values, const struct totals *totals, double seconds) {
    const struct totals_type *in_use = totals_find(totals, "inuse_space");
    add_rate(&values[MEASURE_CPU_CORES], totals_find(totals, "cpu"), seconds);
    if (in_use) {
        add(&values[MEASURE_HEAP_LIVE_BYTES], (double)in_use->total);
    }
    add_recording_rates(values, totals, seconds);
}

void measures_add_totals(struct measures *measures, const char *name, const struct totals *totals, double seconds) {
    double *values = measures->values;
    // Go's clients send the length of the CPU profile as that of the event, which may be only a part of the period. So for a delta, as for
    // the CPU profile, the profile's own duration is better; in some it is 0. Other clients' durations vary.
    double own_seconds = totals->duration_ns > 0 ? (double)totals->duration_ns / 1e9 : seconds;
    if (catalog_is_recording(name)) {
        add_recording_totals(values, totals, seconds > 0 ? seconds : own_seconds);
        return;
    }
    const struct totals_type *cpu = totals_find(totals, "cpu");
    add_rate(&values[MEASURE_CPU_CORES], cpu, own_seconds);
    add_rate(&values[MEASURE_CPU_CORES], totals_find(totals, "cpu-time"), seconds > 0 ? seconds : own_seconds);
    seconds = seconds > 0 ? seconds : own_seconds;
    add_rate(&values[MEASURE_ALLOC_BYTES_PER_S], totals_find(totals, "alloc-space"), seconds);
    add_rate(&values[MEASURE_LOCK_SECONDS_PER_S], totals_find(totals, "lock-acquire-wait"), seconds);
    if (starts_with(name, "delta-")) { // heap.pprof and mutex.pprof are cumulative since the start of the program
        add_allocations(measures, totals, own_seconds);
    }
    if (starts_with(name, "delta-mutex")) {
        add_rate(&values[MEASURE_LOCK_SECONDS_PER_S], totals_find(totals, "delay"), own_seconds);
    }
    const struct totals_type *goroutines = totals_find(totals, "goroutine");
    if (goroutines) {
        add(&values[MEASURE_GOROUTINES], (double)goroutines->total);
    }
    add_live(measures, totals);
}

void measures_add(struct measures *measures, const char *name, const void *bytes, size_t size, double seconds) {
    struct merge_limits limits = merge_default_limits;
    struct totals *totals = malloc(sizeof *totals);
    limits.input_bytes = MAX_BYTES;
    if (totals && totals_read(bytes, size, &limits, totals, NULL) == MERGE_OK) {
        measures_add_totals(measures, name, totals, seconds);
    }
    free(totals);
}

// The JVM's own figures where it writes them: samples are an estimate, and of the heap in use there may be none.
void measures_add_recording(struct measures *measures, const struct conversion *recording, double seconds) {
    const struct recording_figures *figures = &recording->figures;
    struct totals *totals = malloc(sizeof *totals);
    if (totals && totals_read(recording->profile, recording->profile_size, NULL, totals, NULL) == MERGE_OK) {
        double *values = measures->values;
        double cores = recording_figure(figures, "jvm_cpu_cores", seconds),
               live = recording_figure(figures, "jvm_heap_live_bytes", seconds);
        const struct totals_type *in_use = totals_find(totals, "inuse_space");
        seconds = seconds > 0 ? seconds : (double)totals->duration_ns / 1e9;
        if (isfinite(cores)) {
            add(&values[MEASURE_CPU_CORES], cores);
        } else {
            add_rate(&values[MEASURE_CPU_CORES], totals_find(totals, "cpu"), seconds);
        }
        if (isfinite(live) || in_use) {
            add(&values[MEASURE_HEAP_LIVE_BYTES], isfinite(live) ? live : (double)in_use->total);
        }
        add_recording_rates(values, totals, seconds);
    }
    free(totals);
}

void measures_clear(struct measures *measures) {
    for (size_t i = 0; i < MEASURE_COUNT; i++) {
        measures->values[i] = NAN;
    }
}

static bool is_one_of(const char *type, const char *const *types) {
    for (; *types; types++) {
        if (strcmp(type, *types) == 0) {
            return true;
        }
    }
    return false;
}

bool measure_is_gauge(const char *type) {
    // objects: beside space.
    static const char *const others[] = {"goroutine",      "goroutineleak", "goroutines",  "heap-live-samples",
                                         "heap-live-size", "objects",       "old_objects", "old_object_space",
                                         "resident_space", "threadcreate",  NULL};
    return is_one_of(type, profile_live_types) || is_one_of(type, others) || starts_with(type, "inuse_") || starts_with(type, "peak_");
}

// ---- Files ----

// NULL: it has no measure.
static char *read_file(const struct measured_upload *upload, const struct catalog_attachment *attachment) {
    size_t size = (size_t)attachment->size_bytes;
    int file = -1;
    char *bytes = upload->open(upload->files, attachment->file, &file) == RECEIVER_OK ? malloc(size + 1) : NULL;
    if (bytes && read_exact(file, bytes, size) != RECEIVER_OK) {
        free(bytes);
        bytes = NULL;
    }
    if (file >= 0) {
        close(file);
    }
    return bytes;
}

static void add_recording(struct measures *measures, const struct measured_upload *upload, const struct catalog_attachment *attachment,
                          const char *bytes) {
    struct conversion recording;
    char text[200];
    if (conversion_of(upload->conversions, &(struct conversion_key){upload->id, attachment->name, 0}, bytes, (size_t)attachment->size_bytes,
                      &recording, text, sizeof text) == RECEIVER_OK) {
        measures_add_recording(measures, &recording, upload->seconds);
        conversion_free(&recording);
    }
}

void measures_of_upload(const struct measured_upload *upload, const struct catalog_attachment *attachments, size_t count,
                        struct measures *measures) {
    measures_clear(measures);
    for (size_t i = 0; i < count; i++) {
        const struct catalog_attachment *attachment = &attachments[i];
        bool small = attachment->size_bytes <= MAX_BYTES;
        char *bytes = small && catalog_has_profiles(attachment) ? read_file(upload, attachment) : NULL;
        if (bytes && catalog_is_recording(attachment->name)) {
            add_recording(measures, upload, attachment, bytes);
        } else if (bytes) {
            measures_add(measures, attachment->name, bytes, (size_t)attachment->size_bytes, upload->seconds);
        }
        free(bytes);
    }
}
