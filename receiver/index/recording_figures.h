// recording_figures.h: what the periodic events of a Java recording say of its JVM (jfr_runtime_read), one value for the whole recording
// each: CPU, heap, threads, pauses (docs/receiver.md lists them).
//
// Threads: any. Memory: the caller's.
#ifndef CMEMPROF_RECEIVER_RECORDING_FIGURES_H
#define CMEMPROF_RECEIVER_RECORDING_FIGURES_H

#include "../../jfr/jfr.h"
#include "../base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { RECORDING_MAX_FIGURES = 32 };
struct recording_figures {
    double seconds; // of the recording
    size_t count;
    struct {
        const char *name; // "jvm_heap_live_bytes"; static
        double value;
        bool amount; // of the whole recording: a rate once it is divided by seconds
    } figures[RECORDING_MAX_FIGURES];
};
// Figures without an event are left out.
enum receiver_error recording_figures_read(struct jfr *jfr, struct recording_figures *figures);
// seconds: what rates are per; those of the recording if it is 0 or less. NAN: there is none.
double recording_figure_at(const struct recording_figures *figures, size_t index, double seconds);
double recording_figure(const struct recording_figures *figures, const char *name, double seconds);

#endif
