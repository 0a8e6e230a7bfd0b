// recording_profile.c: one profile of a Java recording (recording_profile.h).
#include "recording_profile.h"
#include "../../merge/merge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum receiver_error recording_error(enum jfr_error error) {
    return error == JFR_OK          ? RECEIVER_OK
           : error == JFR_NO_MEMORY ? RECEIVER_NO_MEMORY
           : error == JFR_TOO_LARGE ? RECEIVER_TOO_LARGE
                                    : RECEIVER_BAD_UPLOAD;
}

enum receiver_error recording_open(const void *bytes, size_t size, struct jfr **jfr, char *text, size_t text_size) {
    struct jfr_fault fault = {0};
    *jfr = jfr_open(bytes, size, (size_t)RECORDING_MAX_MIB << 20, &fault);
    if (!*jfr) {
        snprintf(text, text_size, "not a readable recording: %s at byte %" PRIu64, fault.text, fault.offset);
    }
    return *jfr ? RECEIVER_OK : recording_error(fault.error);
}

// ---- Sample types ----

// Of a kind's columns, in their order. The last type of a profile is its default: CPU.
struct part {
    enum jfr_kind kind;
    const char *types[JFR_COLUMNS];
};
static const struct part parts[] = {
    {JFR_CLASS_LOAD, {"class_loads", "class_load_time"}},
    {JFR_EXCEPTION, {"exceptions"}},
    {JFR_FILE_IO, {"file_operations", "file_bytes", "file_time"}},
    {JFR_SOCKET_IO, {"socket_operations", "socket_bytes", "socket_time"}},
    {JFR_LOCK, {"lock_contentions", "lock_time"}},
    {JFR_NATIVE_ALLOCATION, {"native_alloc_samples", "native_alloc_space"}},
    {JFR_NATIVE_WALL, {"native_samples", "native_wall"}},
    {JFR_WALL, {"wall_samples", "wall"}},
    {JFR_HEAP_LIVE, {"old_objects", "old_object_space"}},
    {JFR_HEAP_LIVE, {"inuse_objects", "inuse_space"}},
    {JFR_ALLOCATION, {"alloc_samples", "alloc_space"}},
    {JFR_CPU, {"cpu_samples", "cpu"}},
};
enum { PARTS = sizeof parts / sizeof *parts, OLD_OBJECTS = 8 };

struct making {
    struct profile *all, *of[JFR_KINDS];
    bool live; // heap live is of an agent that follows objects, not the JVM's choice of old ones
    uint32_t java, mapping;
    const char *mapping_file;  // of mapping
    uint32_t locations[10000]; // of the sample at hand
    int64_t values[PARTS * JFR_COLUMNS];
    size_t first[PARTS], columns; // columns of all
};

// Which of the parts of a kind its samples belong to.
static size_t part_of(const struct making *making, enum jfr_kind kind) {
    if (kind == JFR_HEAP_LIVE) {
        return making->live ? OLD_OBJECTS + 1 : OLD_OBJECTS;
    }
    size_t part = 0;
    while (parts[part].kind != kind) {
        part++;
    }
    return part;
}

// ---- Samples ----

static uint32_t mapping_of(struct making *making, const char *file) {
    if (!*file) {
        return making->java;
    }
    if (making->mapping == 0 || strcmp(making->mapping_file, file) != 0) {
        const struct profile_mapping mapping = {.file = file, .build_id = "", .has_functions = true};
        making->mapping = profile_add_mapping(making->all, &mapping);
        making->mapping_file = file;
    }
    return making->mapping;
}

static uint32_t location_of(struct making *making, const struct profile_frame *frame) {
    const struct profile_function function = {.name = frame->function, .system_name = frame->function, .file = frame->file};
    const struct profile_line line = {.function = profile_add_function(making->all, &function), .line = frame->line};
    return profile_add_location(making->all, mapping_of(making, frame->mapping_file), 0, &line, 1);
}

static bool add_sample(struct making *making, enum jfr_kind kind, size_t index) {
    enum { MOST = sizeof making->locations / sizeof *making->locations };
    struct profile_sample_view sample;
    if (profile_sample_at(making->of[kind], index, &sample) != MERGE_OK) {
        return false;
    }
    size_t part = part_of(making, kind), frames = sample.frame_count < MOST ? sample.frame_count : MOST;
    for (size_t i = 0; i < frames; i++) {
        making->locations[i] = location_of(making, &sample.frames[i]);
    }
    memset(making->values, 0, making->columns * sizeof *making->values);
    for (size_t i = 0; i < JFR_COLUMNS && parts[part].types[i]; i++) {
        making->values[making->first[part] + i] = sample.values[i];
    }
    profile_add_sample(making->all, making->locations, frames, making->values, sample.labels, sample.label_count);
    return true;
}

// What of a kind there is tells which types the profile has.
static void add_types(struct making *making, struct jfr *jfr) {
    for (size_t part = 0; part < PARTS; part++) {
        enum jfr_kind kind = parts[part].kind;
        const struct jfr_column *columns;
        size_t count = jfr_kind_columns(kind, &columns);
        bool there = jfr_kind_events(jfr, kind) > 0 && part_of(making, kind) == part;
        making->first[part] = making->columns;
        for (size_t i = 0; there && i < count; i++) {
            profile_add_sample_type(making->all, parts[part].types[i], columns[i].unit);
        }
        making->columns += there ? count : 0;
    }
}

static void copy_warnings(struct making *making, enum jfr_kind kind) {
    enum { MOST = 16 };
    const char *texts[MOST];
    char comment[600];
    size_t count = profile_warnings(making->of[kind], texts, MOST);
    for (size_t i = 0; i < count; i++) {
        snprintf(comment, sizeof comment, "cmemprof: warning: %s: %s", jfr_kind_title(kind), texts[i]);
        profile_add_comment(making->all, comment);
    }
}

static bool add_all(struct making *making, struct jfr *jfr) {
    const struct jfr_about *about = jfr_about(jfr);
    const struct profile_mapping java = {.file = PROFILE_JAVA_MAPPING, .build_id = "", .has_functions = true, .has_line_numbers = true};
    add_types(making, jfr);
    making->java = profile_add_mapping(making->all, &java);
    profile_set_time(making->all, about->start_ns, about->duration_ns);
    for (enum jfr_kind kind = 0; kind < JFR_KINDS; kind++) {
        size_t count = profile_sample_count(making->of[kind]);
        if (jfr_kind_events(jfr, kind) == 0) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            if (!add_sample(making, kind, i)) {
                return false;
            }
        }
        copy_warnings(making, kind);
        making->mapping = 0; // its name was the profile's
        profile_free(making->of[kind]);
        making->of[kind] = NULL;
    }
    return profile_status(making->all) == MERGE_OK;
}

enum receiver_error recording_profile(struct jfr *jfr, int64_t step_ns, uint8_t **out, size_t *out_size) {
    struct making *making = calloc(1, sizeof *making);
    enum receiver_error error = RECEIVER_NO_MEMORY;
    if (making && (making->all = profile_new())) {
        error = recording_error(jfr_profiles(jfr, (1U << JFR_KINDS) - 1, step_ns, making->of));
    }
    if (error == RECEIVER_OK) {
        making->live = jfr_type_named(jfr, "datadog.HeapLiveObject") || jfr_type_named(jfr, "profiler.LiveObject");
        bool ok = add_all(making, jfr) && profile_encode(making->all, MERGE_RAW, out, out_size) == MERGE_OK;
        error = ok ? RECEIVER_OK : RECEIVER_NO_MEMORY;
    }
    for (enum jfr_kind kind = 0; making && kind < JFR_KINDS; kind++) {
        profile_free(making->of[kind]);
    }
    if (making) {
        profile_free(making->all);
    }
    free(making);
    return error;
}
