// recording_figures.c: figures of a Java recording (recording_figures.h): one pass over the events that have any.
#include "recording_figures.h"
#include "recording_profile.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum how { LAST, MEAN, GREATEST, SUM, PER_SECOND, RISE_PER_SECOND, EVENTS_PER_SECOND };

struct rule {
    const char *type, *field; // a field of a struct: "heapSpace.committedSize"
    enum how how;
    const char *name;     // NULL: only for others
    const char *if_field; // only events of which this field
    const char *is;       // has this text
};
static const struct rule rules[] = {
    {"jdk.CPULoad", "jvmUser", MEAN, NULL, NULL, NULL},
    {"jdk.CPULoad", "jvmSystem", MEAN, NULL, NULL, NULL},
    {"jdk.CPULoad", "machineTotal", MEAN, NULL, NULL, NULL},
    {"jdk.CPUInformation", "hwThreads", LAST, NULL, NULL, NULL},
    {"jdk.GCHeapSummary", "heapUsed", LAST, "jvm_heap_live_bytes", "when", "After GC"},
    {"jdk.GCHeapSummary", "heapUsed", GREATEST, "jvm_heap_peak_bytes", NULL, NULL},
    {"jdk.GCHeapSummary", "heapSpace.committedSize", LAST, "jvm_heap_committed_bytes", NULL, NULL},
    {"jdk.MetaspaceSummary", "metaspace.used", LAST, "jvm_metaspace_bytes", NULL, NULL},
    {"jdk.DirectBufferStatistics", "memoryUsed", LAST, "jvm_direct_buffers_bytes", NULL, NULL},
    {"jdk.NativeMemoryUsageTotal", "committed", LAST, "jvm_native_memory_bytes", NULL, NULL},
    {"jdk.ResidentSetSize", "size", LAST, "jvm_resident_bytes", NULL, NULL},
    {"jdk.ContainerMemoryUsage", "memoryUsage", LAST, "jvm_container_bytes", NULL, NULL},
    {"jdk.JavaThreadStatistics", "activeCount", LAST, "jvm_threads", NULL, NULL},
    {"jdk.JavaThreadStatistics", "daemonCount", LAST, "jvm_daemon_threads", NULL, NULL},
    {"jdk.ClassLoadingStatistics", "loadedClassCount", LAST, "jvm_classes", NULL, NULL},
    {"jdk.GarbageCollection", "sumOfPauses", PER_SECOND, "jvm_gc_pause_time", NULL, NULL},
    {"jdk.GarbageCollection", "longestPause", GREATEST, "jvm_max_gc_pause_time", NULL, NULL},
    {"jdk.GarbageCollection", "gcId", EVENTS_PER_SECOND, "jvm_gcs_per_sec", NULL, NULL},
    {"jdk.ExceptionStatistics", "throwables", RISE_PER_SECOND, "jvm_exceptions_per_sec", NULL, NULL},
};
enum { RULES = sizeof rules / sizeof *rules, FIRST_DERIVED = 4, MAX_PATH = 128 };

struct sum {
    uint64_t events;
    double last, greatest, sum, first;
    int64_t first_ns, last_ns;
};

struct reading {
    struct sum sums[RULES];
    // The event at hand.
    const char *type;
    int64_t start_ns;
    double values[RULES]; // NAN: not seen
    bool fits[RULES];
    char path[MAX_PATH]; // of the struct that the visitor is in: "heapSpace."
    size_t depth, too_deep, lengths[JFR_MAX_DEPTH + 1];
};

static bool begin(void *context, const struct jfr_event *event) {
    struct reading *reading = context;
    bool wanted = false;
    for (size_t i = 0; i < RULES; i++) {
        wanted = wanted || strcmp(rules[i].type, event->type->name) == 0;
    }
    reading->type = event->type->name;
    reading->start_ns = event->start_ns;
    reading->path[0] = '\0';
    reading->depth = reading->too_deep = 0;
    for (size_t i = 0; wanted && i < RULES; i++) {
        reading->values[i] = NAN;
        reading->fits[i] = !rules[i].if_field;
    }
    return wanted;
}

static void take_value(void *context, const char *name, const struct jfr_value *value) {
    struct reading *reading = context;
    char field[MAX_PATH];
    if (!name || reading->too_deep > 0 || (size_t)snprintf(field, sizeof field, "%s%s", reading->path, name) >= sizeof field) {
        return;
    }
    for (size_t i = 0; i < RULES; i++) {
        const struct rule *rule = &rules[i];
        if (strcmp(rule->type, reading->type) != 0) {
            continue;
        }
        if (strcmp(rule->field, field) == 0) {
            reading->values[i] = value->kind == JFR_REAL       ? value->real
                                 : value->kind == JFR_UNSIGNED ? (double)(uint64_t)value->integer
                                 : value->kind == JFR_INTEGER  ? (double)value->integer
                                                               : NAN;
        }
        if (rule->if_field && strcmp(rule->if_field, field) == 0 && value->kind == JFR_TEXT) {
            reading->fits[i] = strcmp(value->text, rule->is) == 0;
        }
    }
}

static void open_nested(void *context, const char *name, const char *type, bool array) {
    struct reading *reading = context;
    size_t length = strlen(reading->path);
    (void)type;
    if (reading->too_deep > 0 || array || !name || reading->depth >= JFR_MAX_DEPTH || length + strlen(name) + 2 > MAX_PATH) {
        reading->too_deep++;
        return;
    }
    reading->lengths[reading->depth++] = length;
    snprintf(reading->path + length, MAX_PATH - length, "%s.", name);
}

static void close_nested(void *context, bool array) {
    struct reading *reading = context;
    (void)array;
    if (reading->too_deep > 0) {
        reading->too_deep--;
    } else {
        reading->path[reading->lengths[--reading->depth]] = '\0';
    }
}

static bool end(void *context) {
    struct reading *reading = context;
    for (size_t i = 0; i < RULES; i++) {
        double value = reading->values[i];
        struct sum *sum = &reading->sums[i];
        if (strcmp(rules[i].type, reading->type) != 0 || !reading->fits[i] || !isfinite(value)) {
            continue;
        }
        if (sum->events == 0 || reading->start_ns < sum->first_ns) {
            sum->first = value;
            sum->first_ns = reading->start_ns;
        }
        if (sum->events == 0 || reading->start_ns >= sum->last_ns) {
            sum->last = value;
            sum->last_ns = reading->start_ns;
        }
        sum->greatest = sum->events == 0 || value > sum->greatest ? value : sum->greatest;
        sum->sum += value;
        sum->events++;
    }
    return true;
}

// NAN: no event has it.
static double value_of(const struct sum *sum, enum how how, double seconds) {
    double span_s = (double)(sum->last_ns - sum->first_ns) / 1e9;
    if (sum->events == 0) {
        return NAN;
    }
    switch (how) {
    case LAST:
        return sum->last;
    case MEAN:
        return sum->sum / (double)sum->events;
    case GREATEST:
        return sum->greatest;
    case SUM:
        return sum->sum;
    case PER_SECOND: // of nanoseconds: a ratio
        return seconds > 0 ? sum->sum / 1e9 / seconds : NAN;
    case EVENTS_PER_SECOND:
        return seconds > 0 ? (double)sum->events / seconds : NAN;
    case RISE_PER_SECOND:
        return span_s > 0 && sum->last >= sum->first ? (sum->last - sum->first) / span_s : NAN;
    }
    return NAN;
}

static void add(struct recording_figures *figures, const char *name, double value) {
    if (isfinite(value) && figures->count < RECORDING_MAX_FIGURES) {
        figures->figures[figures->count].name = name;
        figures->figures[figures->count++].value = value;
    }
}

enum receiver_error recording_figures_read(struct jfr *jfr, double seconds, struct recording_figures *figures) {
    struct reading reading = {0};
    const struct jfr_visitor visitor = {
        .context = &reading, .begin = begin, .value = take_value, .open = open_nested, .close = close_nested, .end = end};
    figures->count = 0;
    enum jfr_error error = jfr_visit(jfr, NULL, &visitor, NULL);
    if (error != JFR_OK) {
        return recording_error(error);
    }
    seconds = seconds > 0 ? seconds : (double)jfr_about(jfr)->duration_ns / 1e9;
    double loads[FIRST_DERIVED];
    for (size_t i = 0; i < RULES; i++) {
        double value = value_of(&reading.sums[i], rules[i].how, seconds);
        if (i < FIRST_DERIVED) {
            loads[i] = value;
        } else {
            add(figures, rules[i].name, value);
        }
    }
    // A load is a share of all processors.
    add(figures, "jvm_cpu_cores", (loads[0] + loads[1]) * loads[3]);
    add(figures, "machine_cpu_cores", loads[2] * loads[3]);
    return RECEIVER_OK;
}

double recording_figure(const struct recording_figures *figures, const char *name) {
    for (size_t i = 0; i < figures->count; i++) {
        if (strcmp(figures->figures[i].name, name) == 0) {
            return figures->figures[i].value;
        }
    }
    return NAN;
}
