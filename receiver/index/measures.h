// measures.h: the few figures that tell how a profile's program does, for lists and charts: CPU, allocation, live memory, goroutines,
// locks.
//
// They come from the sums of the pprof attachments (merge/totals.c: one pass, nothing is built), so that taking an upload stays quick:
// about 1 ms for a Go batch of 100 KB. Rates are by the upload's own start and end, since delta profiles may have no duration.
//
// Threads: any. Memory: malloc, one inflated attachment at a time, 64 MiB at most; what is larger has no measures.
#ifndef CMEMPROF_RECEIVER_MEASURES_H
#define CMEMPROF_RECEIVER_MEASURES_H

#include <stdbool.h>
#include <stddef.h>

struct catalog_attachment; // catalog.h

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
    double values[MEASURE_COUNT]; // NAN: the upload does not tell
};
// Of the attachments whose files are in this open directory. seconds: end minus start of the event; 0 or less: no rates but of profiles
// that have a duration of their own. Files that cannot be read tell nothing.
void measures_of_upload(int directory, const struct catalog_attachment *attachments, size_t count, double seconds,
                        struct measures *measures);

// One attachment's share, from its bytes. All values are NAN before the first.
void measures_clear(struct measures *measures);
void measures_add(struct measures *measures, const char *name, const void *bytes, size_t size, double seconds);

// A type whose values say how much there was at one moment: memory in use, goroutines. All others are amounts of a period.
bool measure_is_gauge(const char *type);

#endif
