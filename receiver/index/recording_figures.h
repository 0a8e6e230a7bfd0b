// recording_figures.h: what the periodic events of a Java recording say of its JVM, one value for the whole recording each: CPU, heap,
// threads, pauses (docs/jfr.md lists them).
//
// Threads: any. Memory: the caller's.
#ifndef CMEMPROF_RECEIVER_RECORDING_FIGURES_H
#define CMEMPROF_RECEIVER_RECORDING_FIGURES_H

#include "../../jfr/jfr.h"
#include "../base/error.h"

#include <stddef.h>

enum { RECORDING_MAX_FIGURES = 32 };
struct recording_figures {
    size_t count;
    struct {
        const char *name; // "jvm_heap_live_bytes"; static
        double value;
    } figures[RECORDING_MAX_FIGURES];
};
// Figures without an event are left out. seconds: what rates are per; those of the recording if it is 0.
enum receiver_error recording_figures_read(struct jfr *jfr, double seconds, struct recording_figures *figures);
double recording_figure(const struct recording_figures *figures, const char *name); // NAN: there is none

#endif
