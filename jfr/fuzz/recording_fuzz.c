// recording_fuzz.c: fuzz target of the reader of recordings, for libFuzzer. Built by `make fuzz-recording`.
//
// Opens the recording, visits all its events, and makes all profiles, series and facts. What is counted must be what is visited.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../merge/merge.h"
#include "../jfr.h"

static void must(bool holds, const char *text) {
    if (!holds) {
        fprintf(stderr, "check failed: %s\n", text);
        abort();
    }
}

struct seen {
    uint64_t begun, ended;
    int depth;
};

static bool begin(void *context, const struct jfr_event *event) {
    struct seen *seen = context;
    must(event->type && *event->type->name, "an event without a type");
    seen->begun++;
    seen->depth = 0;
    return true;
}
static void value(void *context, const char *name, const struct jfr_value *value) {
    (void)context;
    (void)name;
    must(value->kind != JFR_TEXT || value->text[value->text_size] == '\0', "a text without an end");
}
static void opened(void *context, const char *name, const char *type, bool array) {
    (void)name;
    (void)array;
    must(!!type, "a value without a type");
    ((struct seen *)context)->depth++;
}
static void closed(void *context, bool array) {
    (void)array;
    must(--((struct seen *)context)->depth >= 0, "closed more often than opened");
}
static bool end(void *context) {
    struct seen *seen = context;
    must(seen->depth == 0, "not closed");
    seen->ended++;
    return true;
}

static void visit(struct jfr *jfr) {
    struct seen seen = {0};
    const struct jfr_visitor visitor = {.context = &seen, .begin = begin, .value = value, .open = opened, .close = closed, .end = end};
    uint64_t damaged, events = 0;
    must(jfr_visit(jfr, NULL, &visitor, &damaged) != JFR_NO_MEMORY, "no memory"); // of a megabyte it may be too much
    must(seen.begun >= seen.ended && seen.begun - seen.ended <= damaged, "events that are neither visited nor damaged");
    for (size_t i = 0; i < jfr_type_count(jfr); i++) {
        events += jfr_type_at(jfr, i)->count;
    }
    must(seen.begun <= events && events <= jfr_about(jfr)->events, "more events than were counted");
}

enum { MAX_WARNINGS = 16 };
// Every event is one in the first column of these, unless something is damaged.
static void must_be_whole(const struct jfr *jfr, enum jfr_kind kind, struct profile *profile) {
    const bool one_each = kind == JFR_EXCEPTION || kind == JFR_FILE_IO || kind == JFR_CLASS_LOAD || kind == JFR_NATIVE_WALL;
    const char *texts[MAX_WARNINGS];
    size_t warnings = profile_warnings(profile, texts, MAX_WARNINGS);
    uint64_t sum = 0;
    for (size_t i = 0; i < warnings; i++) {
        if (strstr(texts[i], "damaged") || strstr(texts[i], "are left out")) {
            return;
        }
    }
    for (size_t i = 0; one_each && i < profile_sample_count(profile); i++) {
        struct profile_sample_view view;
        must(profile_sample_at(profile, i, &view) == MERGE_OK, "a sample that cannot be read");
        sum += (uint64_t)view.values[0];
    }
    must(!one_each || sum == jfr_kind_events(jfr, kind), "events that are neither in the profile nor damaged");
}

static void must_be_equal(struct profile *a, struct profile *b) {
    uint8_t *bytes[2];
    size_t sizes[2];
    must(profile_encode(a, MERGE_RAW, &bytes[0], &sizes[0]) == MERGE_OK && profile_encode(b, MERGE_RAW, &bytes[1], &sizes[1]) == MERGE_OK,
         "a profile that cannot be written");
    must(sizes[0] == sizes[1] && memcmp(bytes[0], bytes[1], sizes[0]) == 0, "read once and read twice differ");
    free(bytes[0]);
    free(bytes[1]);
}

// What is read of damaged events of a source that is not used may differ: it is not known then.
static bool is_damaged(const struct profile *profile) {
    const char *texts[MAX_WARNINGS];
    size_t warnings = profile_warnings(profile, texts, MAX_WARNINGS);
    for (size_t i = 0; i < warnings; i++) {
        if (strstr(texts[i], "events or pools of constants") || strstr(texts[i], "are left out")) {
            return true;
        }
    }
    return false;
}

// Half of all inputs with times of samples.
static int64_t step_of(const uint8_t *data, size_t size) {
    return size > 0 && data[size - 1] % 2 ? 10000000 : 0;
}

// The same in one walk.
static void make_unread(const uint8_t *data, size_t size, struct profile *expected[JFR_KINDS], const struct jfr_about *about) {
    struct profile *profiles[JFR_KINDS];
    struct jfr *jfr = jfr_open_unread(data, size, 1 << 20, NULL);
    must(!!jfr, "refused if it is not read");
    must(jfr_profiles(jfr, (1u << JFR_KINDS) - 1, step_of(data, size), profiles) == JFR_OK, "no memory");
    must(about->events == jfr_about(jfr)->events && about->damages == jfr_about(jfr)->damages &&
             about->lost_bytes == jfr_about(jfr)->lost_bytes && about->duration_ns == jfr_about(jfr)->duration_ns,
         "read once and read twice differ");
    for (enum jfr_kind kind = 0; kind < JFR_KINDS; kind++) {
        if (!is_damaged(expected[kind]) && !is_damaged(profiles[kind])) {
            must_be_equal(expected[kind], profiles[kind]);
        }
        profile_free(profiles[kind]);
    }
    jfr_close(jfr);
}

static void make_profiles(const uint8_t *data, size_t size, struct jfr *jfr) {
    struct profile *profiles[JFR_KINDS];
    must(jfr_profiles(jfr, (1u << JFR_KINDS) - 1, step_of(data, size), profiles) == JFR_OK, "no memory");
    make_unread(data, size, profiles, jfr_about(jfr));
    for (enum jfr_kind kind = 0; kind < JFR_KINDS; kind++) {
        must(profile_status(profiles[kind]) == MERGE_OK, "a profile that failed");
        must_be_whole(jfr, kind, profiles[kind]);
        must(profile_sample_count(profiles[kind]) <= jfr_kind_events(jfr, kind), "more samples than events");
        profile_free(profiles[kind]);
    }
}

static void read_runtime(struct jfr *jfr) {
    struct jfr_runtime runtime;
    enum jfr_error error = jfr_runtime_read(jfr, &runtime);
    must(error != JFR_NO_MEMORY, "no memory");
    if (error != JFR_OK) {
        return;
    }
    for (size_t i = 0; i < runtime.series_count; i++) {
        must(runtime.series[i].count > 0 && *runtime.series[i].name, "a series of nothing");
    }
    for (size_t i = 0; i < runtime.fact_count; i++) {
        must(*runtime.facts[i].key && runtime.facts[i].value, "a fact of nothing");
    }
    jfr_runtime_free(&runtime);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct jfr_fault fault = {0};
    struct jfr *jfr = jfr_open(data, size, 1 << 20, &fault);
    must(jfr || (fault.error != JFR_OK && *fault.text), "refused without a reason");
    if (jfr) {
        visit(jfr);
        make_profiles(data, size, jfr);
        read_runtime(jfr);
        jfr_close(jfr);
    }
    return 0;
}
