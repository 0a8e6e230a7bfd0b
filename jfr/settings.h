// settings.h: with which periods a recording was sampled, and what was left out: jdk.ActiveSetting, datadog.DatadogProfilerConfig,
// jdk.CPUTimeSamplesLost, jdk.DataLoss; and how much CPU time the process has used: jdk.CPULoad, jdk.CPUInformation.
//
// Settings come anywhere in a chunk and may use constants, so they are collected as the chunk is read, and settled behind it. What a later
// chunk does not say is as in the one before.
// Threads: as its owner. Memory: malloc, 40 bytes per setting of a chunk.
#ifndef CMEMPROF_JFR_SETTINGS_H
#define CMEMPROF_JFR_SETTINGS_H

#include "kinds.h"
#include "names.h"

struct jfr_setting {
    int64_t id;           // of the type of event
    uint64_t name, value; // slots of the event
};
struct jfr_limit {                    // which events of a source a recorder writes
    char threshold[24], throttle[24]; // "20 ms": from this duration on; "100/s": at most so many; "": all
};
enum { JFR_MAX_SOURCES = 64 };
struct jfr_settings {                // zero-initialize
    int64_t periods_ns[JFR_PERIODS]; // 0: unknown
    bool async_profiler;             // wrote jdk.ExecutionSample: by a timer of CPU time, for each thread
    char no_clock[48];               // what async-profiler samples in jdk.ExecutionSample if that is no CPU clock: "page-faults"; else ""
    struct jfr_limit limits[JFR_MAX_SOURCES]; // by index in jfr_sources
    int64_t lost_samples;                     // of CPU time
    int64_t lost_bytes;                       // of events, by jdk.DataLoss
    double load_ns;                           // CPU time of the process by jdk.CPULoad, as a share of all processors
    int64_t load_until_ns;                    // time of the last jdk.CPULoad; 0: none
    int64_t processors;                       // 0: unknown
    struct jfr_setting *found;
    size_t count, capacity;
    struct jfr_plan active, config, lost, loss, load, machine; // of this chunk
    uint32_t active_class, config_class, lost_class, loss_class, load_class, machine_class;
};

// At the start of a chunk. False: no memory.
bool jfr_settings_begin(struct jfr_settings *settings, struct jfr_metadata *metadata);
static inline bool jfr_settings_want(const struct jfr_settings *settings, uint32_t class) {
    return class != JFR_NO_CLASS && (class == settings->active_class || class == settings->config_class || class == settings->lost_class ||
                                     class == settings->loss_class || class == settings->load_class || class == settings->machine_class);
}
// One event of a wanted class. False: no memory.
bool jfr_settings_add(struct jfr_settings *settings, const struct jfr_chunk *chunk, const struct jfr_metadata *metadata, uint32_t class,
                      struct jfr_cursor body);
void jfr_settings_end(struct jfr_settings *settings, struct jfr_names *names);
void jfr_settings_free(struct jfr_settings *settings);

// Writes which events of the source are left out: "jdk.SocketRead (from 1 ms on, at most 100/s)". Returns the length; 0: none are, or what
// is left out is in the others' weights.
size_t jfr_settings_limits(const struct jfr_settings *settings, const struct jfr_source *source, char *out, size_t size);

// CPU time of the process from the recording's start to its last jdk.CPULoad, with the JVM's own threads. Nanoseconds; 0: unknown.
static inline double jfr_settings_cpu_ns(const struct jfr_settings *settings) {
    return settings->load_ns * (double)settings->processors;
}

// "20 ms", "1 s", "50 us": 0 if it is none of these. A plain number is nanoseconds.
int64_t jfr_period_ns(const char *text);

#endif
