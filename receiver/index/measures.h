// measures.h: a few figures per upload, for lists and charts: CPU, allocation, live memory, goroutines, locks.
//
// Computed from the sums of the pprof attachments (merge/totals.c: one pass, nothing is built): about 1 ms for a Go batch of 100 KB. Rates
// use the upload's start and end, since delta profiles may have no duration.
//
// Threads: any. Memory: malloc, one inflated attachment at a time, 64 MiB at most; a larger one has no measures.
#ifndef CMEMPROF_RECEIVER_MEASURES_H
#define CMEMPROF_RECEIVER_MEASURES_H

#include "../base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache;              // cache.h
struct catalog_attachment; // catalog.h
struct conversion;         // recording_conversion.h
struct totals;             // merge.h

enum measure {
    MEASURE_CPU_CORES,
    MEASURE_ALLOC_BYTES_PER_S,
    MEASURE_HEAP_LIVE_BYTES, // the language's own heap
    MEASURE_C_LIVE_BYTES,
    MEASURE_GOROUTINES,
    MEASURE_LOCK_SECONDS_PER_S,
    MEASURE_COUNT
};
extern const char *const measure_names[MEASURE_COUNT]; // "cpu_cores"
extern const char *const measure_units[MEASURE_COUNT]; // "cores"

struct measures {
    double values[MEASURE_COUNT]; // NAN: the upload has no value
};
struct measured_upload {
    int64_t id;
    // Opens one of its files for reading; the caller closes *file. RECEIVER_NOT_FOUND: there is none.
    enum receiver_error (*open)(void *files, const char *name, int *file);
    void *files;
    double seconds;            // end minus start of the event; 0 or less: no rates except from profiles with their own duration
    struct cache *conversions; // recording_conversion.h; NULL: none
};
// Of these attachments. Unreadable files have no values.
void measures_of_upload(const struct measured_upload *upload, const struct catalog_attachment *attachments, size_t count,
                        struct measures *measures);

// Adds one attachment, from its bytes. Clear all values to NAN before the first.
void measures_clear(struct measures *measures);
void measures_add(struct measures *measures, const char *name, const void *bytes, size_t size, double seconds);
// The same from the sums of its samples, or of some of them; of a recording these alone say what the JVM's own figures would.
void measures_add_totals(struct measures *measures, const char *name, const struct totals *totals, double seconds);
// The same of a recording of Java.
void measures_add_recording(struct measures *measures, const struct conversion *recording, double seconds);

// Whether it is a gauge: memory in use, goroutines. All other types are amounts of a period.
bool measure_is_gauge(const char *type);

// In the comments of a profile whose values say less than one of a process would: how one ends that says how gauges of several
// profiles were combined, and how one begins that says of which profiles it is the difference.
#define MEASURE_COMBINED "; other types: sums"
#define MEASURE_DIFFERENCE "cmemprof: difference: "

#endif
