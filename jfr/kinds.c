// kinds.c: events, and what profiles are made of them (kinds.h).
#include "kinds.h"
#include "recording.h"

#define THREAD                                                                                                                             \
    { "eventThread", JFR_SLOT_THREAD }
#define SAMPLED                                                                                                                            \
    { "sampledThread", JFR_SLOT_THREAD }
#define STACK                                                                                                                              \
    { "stackTrace", JFR_SLOT_STACK }
#define STATE                                                                                                                              \
    { "state", JFR_SLOT_STATE }
#define DURATION                                                                                                                           \
    { "duration", JFR_SLOT_DURATION }
#define SPANS                                                                                                                              \
    {"spanId", JFR_SLOT_SPAN}, {                                                                                                           \
        "localRootSpanId", JFR_SLOT_ROOT                                                                                                   \
    }
#define WEIGHT(name)                                                                                                                       \
    { name, JFR_SLOT_WEIGHT }
#define SIZE(name)                                                                                                                         \
    { name, JFR_SLOT_SIZE }
#define CLASS(name)                                                                                                                        \
    { name, JFR_SLOT_CLASS }
#define PATH                                                                                                                               \
    { "path", JFR_SLOT_TEXT }
#define HOST                                                                                                                               \
    {"host", JFR_SLOT_TEXT}, {                                                                                                             \
        "port", JFR_SLOT_PORT                                                                                                              \
    }

const struct jfr_source jfr_sources[] = {
    {"datadog.ExecutionSample",
     JFR_CPU,
     0,
     JFR_RULE_WEIGHT_PERIOD,
     JFR_PERIOD_AGENT_CPU,
     NULL,
     {THREAD, STACK, STATE, WEIGHT("weight"), SPANS}},
    {"jdk.CPUTimeSample",
     JFR_CPU,
     1,
     JFR_RULE_OWN_PERIOD,
     JFR_PERIOD_NONE,
     NULL,
     {THREAD, STACK, WEIGHT("samplingPeriod"), {"failed", JFR_SLOT_FAILED}}},
    {"jdk.ExecutionSample", JFR_CPU, 2, JFR_RULE_PERIOD, JFR_PERIOD_JVM_CPU, NULL, {SAMPLED, STACK, STATE}},
    {"datadog.MethodSample",
     JFR_WALL,
     0,
     JFR_RULE_WEIGHT_PERIOD,
     JFR_PERIOD_AGENT_WALL,
     NULL,
     {THREAD, STACK, STATE, WEIGHT("weight"), SPANS}},
    // Of a thread that stays idle, one event at the first of many ticks; timeSpan is from there to the last one.
    {"profiler.WallClockSample",
     JFR_WALL,
     1,
     JFR_RULE_WEIGHT_PERIOD,
     JFR_PERIOD_WALL,
     NULL,
     {SAMPLED, STACK, STATE, WEIGHT("samples"), {"timeSpan", JFR_SLOT_DURATION}}},
    {"datadog.ObjectSample",
     JFR_ALLOCATION,
     0,
     JFR_RULE_WEIGHTED_SIZE,
     JFR_PERIOD_NONE,
     NULL,
     {THREAD, STACK, CLASS("objectClass"), SIZE("size"), WEIGHT("weight"), SPANS}},
    {"jdk.ObjectAllocationSample",
     JFR_ALLOCATION,
     1,
     JFR_RULE_SIZE,
     JFR_PERIOD_NONE,
     NULL,
     {THREAD, STACK, CLASS("objectClass"), SIZE("weight")}},
    {"jdk.ObjectAllocationInNewTLAB",
     JFR_ALLOCATION,
     2,
     JFR_RULE_SIZE,
     JFR_PERIOD_NONE,
     NULL,
     {THREAD, STACK, CLASS("objectClass"), SIZE("tlabSize")}},
    {"jdk.ObjectAllocationOutsideTLAB",
     JFR_ALLOCATION,
     2,
     JFR_RULE_SIZE,
     JFR_PERIOD_NONE,
     NULL,
     {THREAD, STACK, CLASS("objectClass"), SIZE("allocationSize")}},
    {"datadog.HeapLiveObject",
     JFR_HEAP_LIVE,
     0,
     JFR_RULE_WEIGHT_BOTH,
     JFR_PERIOD_NONE,
     NULL,
     {THREAD, STACK, CLASS("objectClass"), SIZE("size"), WEIGHT("weight"), SPANS}},
    {"profiler.LiveObject",
     JFR_HEAP_LIVE,
     1,
     JFR_RULE_SIZE,
     JFR_PERIOD_NONE,
     NULL,
     {THREAD, STACK, CLASS("objectClass"), SIZE("allocationSize")}},
    {"jdk.OldObjectSample",
     JFR_HEAP_LIVE,
     2,
     JFR_RULE_SIZE,
     JFR_PERIOD_NONE,
     NULL,
     {{"startTime", JFR_SLOT_START}, THREAD, STACK, SIZE("objectSize")}},
    {"jdk.JavaMonitorEnter", JFR_LOCK, 0, JFR_RULE_DURATION, JFR_PERIOD_NONE, "enter", {THREAD, STACK, DURATION, CLASS("monitorClass")}},
    {"jdk.ThreadPark", JFR_LOCK, 0, JFR_RULE_DURATION, JFR_PERIOD_NONE, "park", {THREAD, STACK, DURATION, CLASS("parkedClass")}},
    {"profiler.NativeLock", JFR_LOCK, 0, JFR_RULE_DURATION, JFR_PERIOD_NONE, "native", {THREAD, STACK, DURATION}},
    {"datadog.ExceptionSample", JFR_EXCEPTION, 0, JFR_RULE_ONE, JFR_PERIOD_NONE, NULL, {THREAD, STACK, CLASS("type"), SPANS}},
    {"jdk.JavaExceptionThrow", JFR_EXCEPTION, 1, JFR_RULE_ONE, JFR_PERIOD_NONE, NULL, {THREAD, STACK, CLASS("thrownClass")}},
    {"jdk.JavaErrorThrow", JFR_EXCEPTION, 2, JFR_RULE_ONE, JFR_PERIOD_NONE, NULL, {THREAD, STACK, CLASS("thrownClass")}},
    {"jdk.FileRead", JFR_FILE_IO, 0, JFR_RULE_TRANSFER, JFR_PERIOD_NONE, "read", {THREAD, STACK, DURATION, PATH, SIZE("bytesRead")}},
    {"jdk.FileWrite", JFR_FILE_IO, 0, JFR_RULE_TRANSFER, JFR_PERIOD_NONE, "write", {THREAD, STACK, DURATION, PATH, SIZE("bytesWritten")}},
    {"jdk.FileForce", JFR_FILE_IO, 0, JFR_RULE_TRANSFER, JFR_PERIOD_NONE, "force", {THREAD, STACK, DURATION, PATH}},
    {"jdk.SocketRead", JFR_SOCKET_IO, 1, JFR_RULE_TRANSFER, JFR_PERIOD_NONE, "read", {THREAD, STACK, DURATION, HOST, SIZE("bytesRead")}},
    {"jdk.SocketWrite",
     JFR_SOCKET_IO,
     1,
     JFR_RULE_TRANSFER,
     JFR_PERIOD_NONE,
     "write",
     {THREAD, STACK, DURATION, HOST, SIZE("bytesWritten")}},
    {"datadog.NativeSocketEvent",
     JFR_SOCKET_IO,
     0,
     JFR_RULE_WEIGHTED_TRANSFER,
     JFR_PERIOD_NONE,
     NULL,
     {THREAD,
      STACK,
      DURATION,
      {"remoteAddress", JFR_SLOT_TEXT},
      {"operation", JFR_SLOT_OPERATION},
      SIZE("bytesTransferred"),
      WEIGHT("weight"),
      SPANS}},
    {"jdk.ClassLoad", JFR_CLASS_LOAD, 0, JFR_RULE_DURATION, JFR_PERIOD_NONE, NULL, {THREAD, STACK, DURATION, CLASS("loadedClass")}},
    {"jdk.NativeMethodSample", JFR_NATIVE_WALL, 0, JFR_RULE_PERIOD, JFR_PERIOD_JVM_NATIVE, NULL, {SAMPLED, STACK, STATE}},
    {"datadog.NativeMemoryAllocation",
     JFR_NATIVE_ALLOCATION,
     0,
     JFR_RULE_WEIGHTED_SIZE,
     JFR_PERIOD_NONE,
     NULL,
     {THREAD, STACK, SIZE("size"), WEIGHT("weight"), SPANS}},
    {"profiler.Malloc", JFR_NATIVE_ALLOCATION, 1, JFR_RULE_SIZE, JFR_PERIOD_NONE, NULL, {THREAD, STACK, SIZE("size")}},
};
const size_t jfr_source_count = sizeof jfr_sources / sizeof *jfr_sources;

static const struct {
    const char *name, *title, *class_key, *text_key;
    struct jfr_column columns[JFR_COLUMNS];
} kinds[JFR_KINDS] = {
    [JFR_CPU] = {"cpu", "CPU in Java code", "", "", {{"samples", "count"}, {"cpu", "nanoseconds"}}},
    [JFR_WALL] = {"wall", "Wall time", "", "", {{"samples", "count"}, {"wall", "nanoseconds"}}},
    [JFR_ALLOCATION] = {"allocation", "Allocation", "class name", "", {{"alloc_samples", "count"}, {"alloc_space", "bytes"}}},
    [JFR_HEAP_LIVE] = {"heap-live", "Heap live", "class name", "", {{"inuse_objects", "count"}, {"inuse_space", "bytes"}}},
    [JFR_LOCK] = {"lock", "Lock", "lock class", "", {{"contentions", "count"}, {"delay", "nanoseconds"}}},
    [JFR_EXCEPTION] = {"exception", "Error", "exception type", "", {{"exceptions", "count"}}},
    [JFR_FILE_IO] =
        {"file-io", "File I/O", "", "path", {{"file_operations", "count"}, {"file_bytes", "bytes"}, {"file_time", "nanoseconds"}}},
    [JFR_SOCKET_IO] = {"socket-io",
                       "Socket I/O",
                       "",
                       "remote",
                       {{"socket_operations", "count"}, {"socket_bytes", "bytes"}, {"socket_time", "nanoseconds"}}},
    [JFR_CLASS_LOAD] = {"class-load", "Class load", "class name", "", {{"class_loads", "count"}, {"class_load_time", "nanoseconds"}}},
    [JFR_NATIVE_WALL] = {"native-wall", "Wall time in native code", "", "", {{"samples", "count"}, {"wall", "nanoseconds"}}},
    [JFR_NATIVE_ALLOCATION] = {"native-allocation", "Native allocation", "", "", {{"alloc_samples", "count"}, {"alloc_space", "bytes"}}},
};

const char *jfr_kind_name(enum jfr_kind kind) {
    return kinds[kind].name;
}
const char *jfr_kind_title(enum jfr_kind kind) {
    return kinds[kind].title;
}
const char *jfr_class_key(enum jfr_kind kind) {
    return kinds[kind].class_key;
}
const char *jfr_text_key(enum jfr_kind kind) {
    return kinds[kind].text_key;
}

enum jfr_kind jfr_kind_named(const char *name) {
    enum jfr_kind kind = 0;
    while (kind < JFR_KINDS && strcmp(kinds[kind].name, name) != 0) {
        kind++;
    }
    return kind;
}

size_t jfr_kind_columns(enum jfr_kind kind, const struct jfr_column **columns) {
    size_t count = 0;
    *columns = kinds[kind].columns;
    while (count < JFR_COLUMNS && kinds[kind].columns[count].type) {
        count++;
    }
    return count;
}

bool jfr_source_used(const struct jfr *jfr, const struct jfr_source *source) {
    for (size_t i = 0; i < jfr_source_count; i++) {
        if (jfr_sources[i].kind == source->kind && jfr_sources[i].rank < source->rank && jfr_type_named(jfr, jfr_sources[i].event)) {
            return false;
        }
    }
    return jfr_type_named(jfr, source->event);
}

uint64_t jfr_kind_events(const struct jfr *jfr, enum jfr_kind kind) {
    uint64_t events = 0;
    for (size_t i = 0; i < jfr_source_count; i++) {
        if (jfr_sources[i].kind == kind && jfr_source_used(jfr, &jfr_sources[i])) {
            events += jfr_type_named(jfr, jfr_sources[i].event)->count;
        }
    }
    return events;
}

enum jfr_kind jfr_kind_chosen(const struct jfr *jfr, const char *word) {
    enum jfr_kind named = word ? jfr_kind_named(word) : JFR_KINDS;
    for (enum jfr_kind kind = 0; named == JFR_KINDS && kind < JFR_KINDS; kind++) {
        bool has_type = !word;
        for (size_t i = 0; i < JFR_COLUMNS && kinds[kind].columns[i].type; i++) {
            has_type = has_type || strcmp(kinds[kind].columns[i].type, word) == 0;
        }
        named = has_type && jfr_kind_events(jfr, kind) > 0 ? kind : JFR_KINDS;
    }
    return named;
}
