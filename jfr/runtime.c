// runtime.c: series and facts from periodic events (jfr.h).
#include "../base/utc.h"
#include "../base/vector.h"
#include "recording.h"

#include <inttypes.h>
#include <stdio.h>

// ---- What is read ----

enum scale { AS_IT_IS, TIMES_CORES }; // a load is of the whole machine

static const struct series_rule {
    const char *event, *field, *name, *unit;
    const char *label; // a field of the event whose text tells series apart; NULL: none
    const char *only;  // of the label: no other event counts, and the series has no label
    enum scale scale;
} series_rules[] = {
    {"jdk.GCHeapSummary", "heapUsed", "heap_used", "bytes", NULL, NULL, AS_IT_IS},
    {"jdk.GCHeapSummary", "heapUsed", "heap_used_after_gc", "bytes", "when", "After GC", AS_IT_IS},
    {"jdk.GCHeapSummary", "heapSpace.committedSize", "heap_committed", "bytes", NULL, NULL, AS_IT_IS},
    {"datadog.HeapUsage", "size", "heap_usage", "bytes", NULL, NULL, AS_IT_IS},
    {"jdk.GarbageCollection", "sumOfPauses", "gc_pause", "nanoseconds", "name", NULL, AS_IT_IS},
    {"jdk.GarbageCollection", "longestPause", "gc_longest_pause", "nanoseconds", "name", NULL, AS_IT_IS},
    {"jdk.CPULoad", "jvmUser", "cpu_user", "cores", NULL, NULL, TIMES_CORES},
    {"jdk.CPULoad", "jvmSystem", "cpu_system", "cores", NULL, NULL, TIMES_CORES},
    {"jdk.CPULoad", "machineTotal", "cpu_machine", "ratio", NULL, NULL, AS_IT_IS},
    {"jdk.JavaThreadStatistics", "activeCount", "threads", "count", NULL, NULL, AS_IT_IS},
    {"jdk.JavaThreadStatistics", "daemonCount", "threads_daemon", "count", NULL, NULL, AS_IT_IS},
    {"jdk.ThreadContextSwitchRate", "switchRate", "context_switches", "per second", NULL, NULL, AS_IT_IS},
    {"jdk.MetaspaceSummary", "metaspace.used", "metaspace_used", "bytes", NULL, NULL, AS_IT_IS},
    {"jdk.MetaspaceSummary", "metaspace.committed", "metaspace_committed", "bytes", NULL, NULL, AS_IT_IS},
    {"jdk.ResidentSetSize", "size", "resident", "bytes", NULL, NULL, AS_IT_IS},
    {"jdk.NativeMemoryUsageTotal", "committed", "native_memory", "bytes", NULL, NULL, AS_IT_IS},
    {"jdk.NativeMemoryUsage", "committed", "native_memory_committed", "bytes", "type", NULL, AS_IT_IS},
    {"jdk.DirectBufferStatistics", "memoryUsed", "direct_buffers", "bytes", NULL, NULL, AS_IT_IS},
    {"jdk.ClassLoadingStatistics", "loadedClassCount", "classes_loaded", "count", NULL, NULL, AS_IT_IS},
    {"jdk.ClassLoadingStatistics", "unloadedClassCount", "classes_unloaded", "count", NULL, NULL, AS_IT_IS},
    {"jdk.ExceptionStatistics", "throwables", "exceptions", "count", NULL, NULL, AS_IT_IS},
    {"jdk.PhysicalMemory", "usedSize", "machine_memory_used", "bytes", NULL, NULL, AS_IT_IS},
    {"jdk.PhysicalMemory", "totalSize", "machine_memory", "bytes", NULL, NULL, AS_IT_IS},
    {"jdk.ContainerMemoryUsage", "memoryUsage", "container_memory", "bytes", NULL, NULL, AS_IT_IS},
};
enum { SERIES_RULES = sizeof series_rules / sizeof *series_rules };

static const struct fact_rule {
    const char *event, *group;
    const char *key, *value; // fields that have them; key NULL: each field is a fact
} fact_rules[] = {
    {"jdk.JVMInformation", "jvm", NULL, NULL},
    {"jdk.OSInformation", "os", NULL, NULL},
    {"jdk.VirtualizationInformation", "os", NULL, NULL},
    {"jdk.CPUInformation", "cpu", NULL, NULL},
    {"jdk.ContainerConfiguration", "container", NULL, NULL},
    {"jdk.GCConfiguration", "gc", NULL, NULL},
    {"jdk.GCHeapConfiguration", "heap", NULL, NULL},
    {"jdk.BooleanFlag", "flag", "name", "value"},
    {"jdk.IntFlag", "flag", "name", "value"},
    {"jdk.UnsignedIntFlag", "flag", "name", "value"},
    {"jdk.LongFlag", "flag", "name", "value"},
    {"jdk.UnsignedLongFlag", "flag", "name", "value"},
    {"jdk.DoubleFlag", "flag", "name", "value"},
    {"jdk.StringFlag", "flag", "name", "value"},
    {"jdk.InitialSystemProperty", "property", "key", "value"},
    {"jdk.InitialEnvironmentVariable", "environment", "key", "value"},
    {"datadog.ProfilerSetting", "profiler", "name", "value"},
};
enum { FACT_RULES = sizeof fact_rules / sizeof *fact_rules, MAX_FACTS = 1 << 16, MAX_SERIES = 1 << 10, MAX_FIELDS = 64, MAX_PATH = 128 };

// ---- Reading ----

struct kept { // of a result
    struct jfr_arena arena;
    struct string_table texts; // a fact may change between the same long ones often
};

struct growing { // a series
    const struct series_rule *rule;
    const char *label;
    struct jfr_point *points;
    size_t count, capacity;
};

struct field {               // of the current event
    const char *name, *text; // in the event's arena
    double number;
    bool is_number;
};

struct reading {
    struct jfr *jfr;
    struct kept *kept;
    struct jfr_arena event; // of the current event
    struct growing *series;
    size_t series_count, series_capacity;
    struct jfr_fact *facts;
    size_t fact_count, fact_capacity;
    struct intern fact_ids; // index + 1, by group and key
    uint8_t *wanted;        // by type
    const struct jfr_type *type;
    int64_t time_ns;
    struct field fields[MAX_FIELDS];
    size_t field_count;
    char path[MAX_PATH]; // of the struct that the current value is in: "heapSpace."
    size_t lengths[JFR_MAX_DEPTH + 4], depth, unnamed;
    double cores;
    bool no_memory;
};

// "2026-01-02T03:04:05.678Z"
static void number_text(const struct jfr_value *value, char text[40]) {
    if (value->content == JFR_INSTANT) {
        utc_text(value->integer / 1000000, text);
        return;
    }
    switch (value->kind) {
    case JFR_REAL:
        snprintf(text, 40, "%g", value->real);
        break;
    case JFR_BOOL:
        snprintf(text, 40, "%s", value->integer ? "true" : "false");
        break;
    case JFR_UNSIGNED:
        snprintf(text, 40, "%" PRIu64, (uint64_t)value->integer);
        break;
    default:
        snprintf(text, 40, "%" PRId64, value->integer);
    }
}

static void take_value(void *context, const char *name, const struct jfr_value *value) {
    struct reading *reading = context;
    char number[40], path[2 * MAX_PATH];
    bool none =
        value->kind == JFR_NULL || ((value->content == JFR_INSTANT || value->content == JFR_TIMESPAN) && value->integer == INT64_MIN);
    if (!name || none || reading->unnamed > 0 || reading->field_count == MAX_FIELDS) {
        return;
    }
    struct field *field = &reading->fields[reading->field_count];
    int length = snprintf(path, sizeof path, "%s%s", reading->path, name);
    bool text = value->kind == JFR_TEXT;
    if (length >= (int)sizeof path) {
        return;
    }
    if (!text) {
        number_text(value, number);
    }
    field->name = jfr_arena_copy(&reading->event, path, (size_t)length);
    field->text = jfr_arena_copy(&reading->event, text ? value->text : number, text ? value->text_size : strlen(number));
    field->is_number = !text;
    field->number = value->kind == JFR_REAL       ? value->real
                    : value->kind == JFR_UNSIGNED ? (double)(uint64_t)value->integer
                                                  : (double)value->integer;
    reading->no_memory |= !field->name || !field->text;
    reading->field_count += !reading->no_memory;
}

// Structs in structs extend the path; what is in arrays has no path.
static void open_value(void *context, const char *name, const char *type, bool array) {
    struct reading *reading = context;
    size_t length = strlen(reading->path);
    (void)type;
    bool named = name && !array && reading->unnamed == 0 && reading->depth < sizeof reading->lengths / sizeof *reading->lengths &&
                 length + strlen(name) + 2 <= sizeof reading->path;
    if (!named) {
        reading->unnamed++;
        return;
    }
    reading->lengths[reading->depth++] = length;
    snprintf(reading->path + length, sizeof reading->path - length, "%s.", name);
}
static void close_value(void *context, bool array) {
    struct reading *reading = context;
    (void)array;
    if (reading->unnamed > 0) {
        reading->unnamed--;
    } else {
        reading->path[reading->lengths[--reading->depth]] = '\0';
    }
}

static bool begin_event(void *context, const struct jfr_event *event) {
    struct reading *reading = context;
    if (!reading->wanted[event->type - reading->jfr->types]) {
        return false;
    }
    jfr_arena_free(&reading->event);
    reading->type = event->type;
    reading->time_ns = event->start_ns;
    reading->field_count = reading->depth = reading->unnamed = 0;
    reading->path[0] = '\0';
    return true;
}

static const struct field *find(const struct reading *reading, const char *name) {
    for (size_t i = 0; i < reading->field_count; i++) {
        if (strcmp(reading->fields[i].name, name) == 0) {
            return &reading->fields[i];
        }
    }
    return NULL;
}

static const char *keep(struct reading *reading, const char *text) {
    uint32_t id = string_table_intern(&reading->kept->texts, reading->jfr->seed, UINT32_MAX, text, strlen(text));
    reading->no_memory |= id == STRING_TABLE_FULL;
    return id != STRING_TABLE_FULL ? string_table_get(&reading->kept->texts, id).bytes : "";
}

// ---- Series ----

static struct growing *series_of(struct reading *reading, const struct series_rule *rule, const char *label) {
    for (size_t i = 0; i < reading->series_count; i++) {
        if (reading->series[i].rule == rule && strcmp(reading->series[i].label, label) == 0) {
            return &reading->series[i];
        }
    }
    if (reading->series_count == MAX_SERIES) {
        return NULL;
    }
    if (!VECTOR_RESERVE(reading->series, reading->series_capacity, reading->series_count + 1)) {
        reading->no_memory = true;
        return NULL;
    }
    struct growing *series = &reading->series[reading->series_count];
    *series = (struct growing){.rule = rule, .label = keep(reading, label)};
    reading->series_count++;
    return series;
}

static void add_point(struct reading *reading, const struct series_rule *rule) {
    const struct field *field = find(reading, rule->field), *label = rule->label ? find(reading, rule->label) : NULL;
    if (!field || !field->is_number || (rule->only && (!label || strcmp(label->text, rule->only) != 0))) {
        return;
    }
    struct growing *series = series_of(reading, rule, label && !rule->only ? label->text : "");
    if (!series) {
        return;
    }
    if (!VECTOR_RESERVE(series->points, series->capacity, series->count + 1)) {
        reading->no_memory = true;
        return;
    }
    series->points[series->count++] = (struct jfr_point){reading->time_ns, field->number};
}

// ---- Facts ----

struct fact_key {
    const char *group, *key;
};

static bool same_fact(const void *context, uint32_t id, const void *key) {
    const struct jfr_fact *fact = &((const struct reading *)context)->facts[id - 1];
    const struct fact_key *want = key;
    return strcmp(fact->group, want->group) == 0 && strcmp(fact->key, want->key) == 0;
}

static void add_fact(struct reading *reading, const char *group, const char *key, const char *value, const char *origin) {
    const struct fact_key want = {group, key};
    uint64_t hash64 = intern_hash_bytes(reading->jfr->seed, group, strlen(group));
    uint32_t hash = intern_hash_end(intern_hash_bytes(hash64, key, strlen(key)));
    uint32_t found = intern_find(&reading->fact_ids, hash, same_fact, reading, &want);
    if (found != 0) {
        struct jfr_fact *fact = &reading->facts[found - 1];
        if (strcmp(fact->value, value) != 0) { // flags can change
            fact->value = keep(reading, value);
            fact->origin = keep(reading, origin);
        }
        return;
    }
    if (reading->fact_count == MAX_FACTS) {
        return;
    }
    if (!VECTOR_RESERVE(reading->facts, reading->fact_capacity, reading->fact_count + 1)) {
        reading->no_memory = true;
        return;
    }
    reading->facts[reading->fact_count] =
        (struct jfr_fact){.group = group, .key = keep(reading, key), .value = keep(reading, value), .origin = keep(reading, origin)};
    reading->no_memory |= !intern_add(&reading->fact_ids, hash, (uint32_t)reading->fact_count + 1);
    reading->fact_count += !reading->no_memory;
}

// When and by which thread it was written.
static bool is_of_the_event(const char *field) {
    static const char *const names[] = {"startTime", "duration", "eventThread.", "stackTrace."};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t length = strlen(names[i]);
        if (strncmp(field, names[i], length) == 0 && (names[i][length - 1] == '.' || !field[length])) {
            return true;
        }
    }
    return false;
}

static void add_facts(struct reading *reading, const struct fact_rule *rule) {
    if (rule->key) {
        const struct field *key = find(reading, rule->key), *value = find(reading, rule->value), *origin = find(reading, "origin");
        if (key && *key->text) {
            add_fact(reading, rule->group, key->text, value ? value->text : "", origin ? origin->text : "");
        }
        return;
    }
    for (size_t i = 0; i < reading->field_count; i++) {
        if (!is_of_the_event(reading->fields[i].name)) {
            add_fact(reading, rule->group, reading->fields[i].name, reading->fields[i].text, "");
        }
    }
}

static bool end_event(void *context) {
    struct reading *reading = context;
    for (size_t i = 0; i < SERIES_RULES; i++) {
        if (strcmp(series_rules[i].event, reading->type->name) == 0) {
            add_point(reading, &series_rules[i]);
        }
    }
    for (size_t i = 0; i < FACT_RULES; i++) {
        if (strcmp(fact_rules[i].event, reading->type->name) == 0) {
            add_facts(reading, &fact_rules[i]);
        }
    }
    const struct field *threads = strcmp(reading->type->name, "jdk.CPUInformation") == 0 ? find(reading, "hwThreads") : NULL;
    reading->cores = threads && threads->number > 0 ? threads->number : reading->cores;
    return !reading->no_memory;
}

// ---- The result ----

static int compare_points(const void *left, const void *right) {
    const struct jfr_point *a = left, *b = right;
    return a->time_ns < b->time_ns ? -1 : a->time_ns > b->time_ns;
}

static void mark_wanted(struct reading *reading, const char *event) {
    uint32_t index = jfr_type_index(reading->jfr, event);
    if (index != 0) {
        reading->wanted[index - 1] = 1;
    }
}

// In the order of the rules. A load without the number of processors is left out.
static bool take_series(struct reading *reading, struct jfr_runtime *runtime) {
    runtime->series = jfr_arena_take(&reading->kept->arena, reading->series_count * sizeof *runtime->series);
    for (size_t r = 0; runtime->series && r < SERIES_RULES; r++) {
        for (size_t i = 0; i < reading->series_count; i++) {
            struct growing *from = &reading->series[i];
            if (from->rule != &series_rules[r] || (from->rule->scale == TIMES_CORES && reading->cores == 0)) {
                continue;
            }
            struct jfr_point *points = jfr_arena_take(&reading->kept->arena, from->count * sizeof *points);
            if (!points) {
                return false;
            }
            for (size_t p = 0; p < from->count; p++) {
                points[p] = from->points[p];
                points[p].value *= from->rule->scale == TIMES_CORES ? reading->cores : 1;
            }
            qsort(points, from->count, sizeof *points, compare_points);
            runtime->series[runtime->series_count++] =
                (struct jfr_series){from->rule->name, from->label, from->rule->unit, from->rule->event, points, from->count};
        }
    }
    return runtime->series;
}

static void free_reading(struct reading *reading) {
    for (size_t i = 0; i < reading->series_count; i++) {
        free(reading->series[i].points);
    }
    free(reading->series);
    free(reading->facts);
    free(reading->wanted);
    intern_free(&reading->fact_ids);
    jfr_arena_free(&reading->event);
}

enum jfr_error jfr_runtime_read(struct jfr *jfr, struct jfr_runtime *runtime) {
    struct reading reading = {.jfr = jfr, .kept = calloc(1, sizeof *reading.kept), .wanted = calloc(jfr->type_count + 1, 1)};
    const struct jfr_visitor visitor = {
        .context = &reading, .begin = begin_event, .value = take_value, .open = open_value, .close = close_value, .end = end_event};
    *runtime = (struct jfr_runtime){.memory = reading.kept};
    bool ok = reading.kept && reading.wanted && string_table_init(&reading.kept->texts);
    for (size_t i = 0; ok && i < SERIES_RULES; i++) {
        mark_wanted(&reading, series_rules[i].event);
    }
    for (size_t i = 0; ok && i < FACT_RULES; i++) {
        mark_wanted(&reading, fact_rules[i].event);
    }
    enum jfr_error error = ok ? jfr_visit(jfr, NULL, &visitor, &runtime->damaged) : JFR_NO_MEMORY;
    ok = error == JFR_OK && !reading.no_memory && take_series(&reading, runtime);
    if (ok) {
        runtime->facts = jfr_arena_take(&reading.kept->arena, reading.fact_count * sizeof *runtime->facts);
        ok = runtime->facts;
    }
    if (ok && reading.fact_count > 0) {
        memcpy(runtime->facts, reading.facts, reading.fact_count * sizeof *runtime->facts);
        runtime->fact_count = reading.fact_count;
    }
    free_reading(&reading);
    if (!ok) {
        jfr_runtime_free(runtime);
    }
    return ok ? JFR_OK : error == JFR_OK ? JFR_NO_MEMORY : error;
}

void jfr_runtime_free(struct jfr_runtime *runtime) {
    struct kept *kept = runtime->memory;
    if (kept) {
        jfr_arena_free(&kept->arena);
        string_table_free(&kept->texts);
    }
    free(kept);
    *runtime = (struct jfr_runtime){0};
}
