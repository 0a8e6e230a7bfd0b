// time_encode.c: see time_encode.h.
#include "time_encode.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../cmemprof/code_locations.h"
#include "../cmemprof/cpu_profile.h"
#include "../cmemprof/go_names.h"
#include "../cmemprof/profiler.h"
#include "../merge/memory.h"
#include "../merge/merge.h"
#include "time_context.h"

enum { MAX_LABELS = 7 };

static const struct profile_type {
    const char *name, *unit;
} types[] = {
    {"lock-acquire", "count"},      {"lock-acquire-wait", "nanoseconds"},
    {"lock-release", "count"},      {"lock-release-hold", "nanoseconds"},
    {"exception-samples", "count"}, {"wall-samples", "count"},
    {"wall-time", "nanoseconds"},   {"cpu-samples", "count"},
    {"cpu-time", "nanoseconds"}, // the last one is what is shown at first
};
enum { ACQUIRED, ACQUIRED_WAIT, RELEASED, RELEASED_HOLD, RAISED, WALL_COUNT, WALL_TIME, CPU_COUNT, CPU_TIME, MAX_TYPES };

struct encoder {
    const struct time_state *state;
    const struct time_taken *taken;
    struct profile *profile;
    struct code_locations locations;
    bool has[MAX_TYPES]; // of the types
    uint64_t sampled_ns;
    uint32_t stack[TIME_MAX_WORDS];
};

// values: of all types.
static void put_sample(struct encoder *encoder, size_t frames, const int64_t *values, const struct profile_label *labels,
                       size_t label_count) {
    int64_t own[MAX_TYPES];
    size_t count = 0;
    for (int i = 0; i < MAX_TYPES; i++) {
        own[count] = values[i];
        count += encoder->has[i];
    }
    profile_add_sample(encoder->profile, encoder->stack, frames, own, labels, label_count);
}

// ---- Stacks ----

static void look_up_all(struct encoder *encoder) {
    for (int table = 0; table < TIME_TABLES; table++) {
        const struct cpu_samples *samples = &encoder->taken->period->tables[table];
        const struct cpu_sample *sample;
        for (size_t slot = 0; (sample = cpu_samples_next(samples, &slot));) {
            const uintptr_t *words = cpu_samples_pcs(samples, sample);
            struct time_labels labels;
            uint32_t depth = time_labels_get(&labels, words, atomic_load(&sample->depth_frames));
            for (uint32_t i = 0; i < depth; i++) {
                if (!python_names_is(words[i])) {
                    code_locations_look_up(&encoder->locations, words[i] - 1);
                }
            }
        }
    }
}

static uint32_t location_of(struct encoder *encoder, uintptr_t word) {
    struct profile_line lines[SYMBOL_MAX_INLINED];
    if (python_names_is(word)) {
        return code_locations_of_python(&encoder->state->of->python.names, encoder->profile, word);
    }
    size_t count = code_locations_lines(&encoder->locations, encoder->profile, word - 1, lines);
    return profile_add_location(encoder->profile, code_locations_mapping(&encoder->locations, encoder->profile, word - 1), word - 1, lines,
                                count);
}

static size_t add_stack(struct encoder *encoder, const uintptr_t *words, uint32_t depth) {
    for (uint32_t i = 0; i < depth; i++) {
        encoder->stack[i] = location_of(encoder, words[i]);
    }
    return depth;
}

static size_t add_named_frame(struct encoder *encoder, const char *name) {
    uint32_t function = profile_add_function(encoder->profile, &(struct profile_function){name, name, "", 0});
    encoder->stack[0] = profile_add_location(encoder->profile, 0, 0, &(struct profile_line){function, 0, 0}, 1);
    return 1;
}

// ---- Labels ----

struct texts {
    char exception[PYTHON_NAME_BYTES + 1], task[PYTHON_NAME_BYTES + 1], endpoint[PYTHON_NAME_BYTES + 1];
};

static void copy_text(const struct python_names *names, uintptr_t word, char text[PYTHON_NAME_BYTES + 1]) {
    struct python_name name;
    python_names_get(names, word, &name);
    memcpy(text, name.function, name.function_size);
    text[name.function_size] = '\0';
}

static const char *name_of_thread(const struct encoder *encoder, int32_t id) {
    size_t i = 0;
    while (i < encoder->taken->name_count && encoder->taken->names[i].id != id) {
        i++;
    }
    return i < encoder->taken->name_count ? encoder->taken->names[i].text : "";
}

static size_t add_span(const struct encoder *encoder, const struct time_labels *of, struct texts *texts, struct profile_label *labels) {
    uintptr_t endpoint = time_context_endpoint_of(encoder->taken->period, of->root);
    if (of->span == 0) {
        return 0;
    }
    labels[0] = (struct profile_label){.key = "span id", .number = (int64_t)of->span, .unit = ""};
    labels[1] = (struct profile_label){.key = "local root span id", .number = (int64_t)of->root, .unit = ""};
    if (endpoint != 0) {
        copy_text(&encoder->taken->period->texts, endpoint, texts->endpoint);
        labels[2] = (struct profile_label){.key = "trace endpoint", .text = texts->endpoint, .unit = ""};
    }
    return endpoint != 0 ? 3 : 2;
}

// Returns how many; none is without a text. texts: are those of labels.
static size_t add_labels(const struct encoder *encoder, const struct time_labels *of, struct texts *texts, struct profile_label *labels) {
    size_t count = 0, all = 0;
    labels[count++] = (struct profile_label){.key = "thread id", .number = of->thread, .unit = ""};
    labels[count++] = (struct profile_label){.key = "thread name", .text = name_of_thread(encoder, of->thread), .unit = ""};
    if (of->exception != 0) {
        copy_text(&encoder->state->of->python.names, of->exception, texts->exception);
        labels[count++] = (struct profile_label){.key = "exception type", .text = texts->exception, .unit = ""};
    }
    if (of->task != 0) {
        if (python_names_is(of->task)) {
            copy_text(&encoder->taken->period->texts, of->task, texts->task);
        } else {
            snprintf(texts->task, sizeof texts->task, of->task == TIME_ANY_TASK ? "Task" : "Task-%" PRIuPTR, of->task);
        }
        labels[count++] = (struct profile_label){.key = "task name", .text = texts->task, .unit = ""};
    }
    count += add_span(encoder, of, texts, labels + count);
    for (size_t i = 0; i < count; i++) {
        if (!labels[i].text || labels[i].text[0] != '\0') {
            labels[all++] = labels[i];
        }
    }
    return all;
}

// ---- Samples ----

static void add_sample(struct encoder *encoder, enum time_table table, const struct cpu_sample *sample) {
    const uintptr_t *words = cpu_samples_pcs(&encoder->taken->period->tables[table], sample);
    struct time_labels of;
    struct texts texts;
    struct profile_label labels[MAX_LABELS];
    uint32_t depth = time_labels_get(&of, words, atomic_load(&sample->depth_frames));
    int64_t values[MAX_TYPES] = {0}, ns = (int64_t)atomic_load(&sample->ns), ticks = (int64_t)atomic_load(&sample->ticks);
    bool is_cpu = table == TIME_CPU, is_wall = of.is_python && table <= TIME_WAITING, is_lock = table == TIME_LOCKS;
    values[ACQUIRED] = is_lock && !of.is_release ? ticks : 0;
    values[ACQUIRED_WAIT] = is_lock && !of.is_release ? ns : 0;
    values[RELEASED] = is_lock && of.is_release ? ticks : 0;
    values[RELEASED_HOLD] = is_lock && of.is_release ? ns : 0;
    values[RAISED] = table == TIME_RAISED ? ticks : 0;
    values[CPU_COUNT] = is_cpu ? ticks : 0;
    values[CPU_TIME] = is_cpu ? ns : 0;
    values[WALL_COUNT] = is_wall ? ticks : 0;
    values[WALL_TIME] = is_wall ? ns : 0;
    encoder->sampled_ns += is_cpu ? (uint64_t)ns : 0;
    size_t count =
        depth != 0 ? add_stack(encoder, words, depth) : add_named_frame(encoder, is_cpu ? "[no frames]" : "[no frames of Python]");
    if (ns != 0 || table > TIME_WAITING) {
        put_sample(encoder, count, values, labels, add_labels(encoder, &of, &texts, labels));
    }
}

static void add_all(struct encoder *encoder) {
    for (int table = 0; table < TIME_TABLES; table++) {
        const struct cpu_sample *sample;
        for (size_t slot = 0; (sample = cpu_samples_next(&encoder->taken->period->tables[table], &slot));) {
            add_sample(encoder, (enum time_table)table, sample);
        }
    }
}

static void add_cpu_of(struct encoder *encoder, const char *name, uint64_t ns, bool is_own) {
    static const struct profile_label own = {.key = "owner", .text = "cmemprof", .unit = ""};
    int64_t values[MAX_TYPES] = {[CPU_COUNT] = (int64_t)(ns / encoder->state->period_ns), [CPU_TIME] = (int64_t)ns};
    if (ns != 0) {
        size_t count = add_named_frame(encoder, name);
        put_sample(encoder, count, values, &own, is_own);
    }
}

// Returns what it is.
static uint64_t add_rest(struct encoder *encoder) {
    uint64_t own_ns = encoder->taken->period->own_ns;
    uint64_t rest_ns =
        cpu_profile_unsampled_ns(encoder->taken->period->process_ns, encoder->sampled_ns + own_ns, encoder->state->period_ns);
    add_cpu_of(encoder, "cmemprof", own_ns, true);
    add_cpu_of(encoder, CPU_PROFILE_UNSAMPLED, rest_ns, false);
    return rest_ns;
}

// ---- Comments ----

static uint64_t lost_ns(const struct encoder *encoder, enum time_table table) {
    return atomic_load(&encoder->taken->period->tables[table].lost_ns);
}

static void warn(struct encoder *encoder, const char *text, const char *why) {
    char line[256];
    snprintf(line, sizeof line, "cmemprof: warning: %.120s%.100s", text, why);
    profile_add_comment(encoder->profile, line);
}

// The sampling's own figures: "cmemprof: time process_ns=... ".
static void add_figures(struct encoder *encoder, uint64_t rest_ns, uint64_t lost) {
    const struct time_state *state = encoder->state;
    const struct time_taken *taken = encoder->taken;
    const struct {
        const char *name;
        uint64_t value;
    } figures[] = {
        {"process_ns", taken->period->process_ns},
        {"sampled_ns", encoder->sampled_ns},
        {"own_ns", taken->period->own_ns},
        {"unsampled_ns", rest_ns},
        {"lost_ns", lost},
        {"lock_lost_ns", lost_ns(encoder, TIME_LOCKS)},
        {"missed_ns", taken->period->missed_ns},
        {"busy", atomic_load(&state->busy)},
        {"unread", taken->unread},
        {"timerless", taken->timerless},
        {"blocked", taken->blocked},
        {"nameless", encoder->locations.nameless_addresses},
        {"python_torn", atomic_load(&state->of->python.torn)},
        {"label_texts_lost", atomic_load(&taken->period->texts.lost)},
        {"cut_no_rule", atomic_load(&state->ends[UNWIND_NO_RULE])},
        {"cut_unsupported", atomic_load(&state->ends[UNWIND_UNSUPPORTED])},
        {"cut_unreadable", atomic_load(&state->ends[UNWIND_UNREADABLE])},
        {"cut_depth", atomic_load(&state->ends[UNWIND_TOO_DEEP])},
    };
    char text[800];
    size_t length = (size_t)snprintf(text, sizeof text, "cmemprof: time");
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, " %s=%" PRIu64, figures[i].name, figures[i].value);
    }
    profile_add_comment(encoder->profile, text);
}

static void add_comments(struct encoder *encoder, uint64_t rest_ns) {
    const struct time_state *state = encoder->state;
    uint64_t lost = lost_ns(encoder, TIME_CPU) + lost_ns(encoder, TIME_WAITING);
    add_figures(encoder, rest_ns, lost);
    if (encoder->taken->ended) {
        warn(encoder, "time is not sampled any more: ", encoder->taken->ended);
    }
    if (lost != 0) {
        warn(encoder, "time is incomplete: there was no room for all stacks of the period", "");
    }
    if (atomic_load(&state->of->python.is_there) && !state->has_wall) {
        warn(encoder, "wall time of Python's threads is not measured: the process may not read its own memory ", "(process_vm_readv)");
    }
}

// ---- All ----

static uint8_t *resize(void *context, size_t capacity) {
    struct mapped_buffer *bytes = context;
    return mapped_buffer_reserve(bytes, capacity) ? bytes->base : NULL;
}

static bool has_type(const struct encoder *encoder, int type) {
    const struct cpu_samples *tables = encoder->taken->period->tables;
    return type >= CPU_COUNT    ? true
           : type >= WALL_COUNT ? encoder->state->has_wall
                                : atomic_load(&tables[type == RAISED ? TIME_RAISED : TIME_LOCKS].used_words) != 0;
}

static enum merge_error encode(struct encoder *encoder, struct mapped_buffer *bytes, size_t *size) {
    const struct time_taken *taken = encoder->taken;
    struct profile *profile = encoder->profile;
    for (int i = 0; i < MAX_TYPES; i++) {
        encoder->has[i] = has_type(encoder, i);
        if (encoder->has[i]) {
            profile_add_sample_type(profile, types[i].name, types[i].unit);
        }
    }
    profile_set_period(profile, types[CPU_TIME].name, types[CPU_TIME].unit, (int64_t)encoder->state->period_ns);
    profile_set_time(profile, (int64_t)taken->period->began_ns, (int64_t)(taken->end_ns - taken->period->began_ns));
    look_up_all(encoder);
    code_locations_add_mappings(&encoder->locations, profile);
    add_all(encoder);
    add_comments(encoder, add_rest(encoder));
    return profile_encode_into(profile, resize, bytes, size);
}

enum cmemprof_error time_encode(const struct time_state *state, const struct time_taken *taken, struct mapped_buffer *bytes, size_t *size) {
    struct encoder *encoder = memory_take_zeroed(1, sizeof *encoder);
    enum cmemprof_error error = CMEMPROF_NO_MEMORY;
    if (encoder) {
        encoder->state = state;
        encoder->taken = taken;
        encoder->profile = profile_new();
    }
    if (encoder && encoder->profile && code_locations_open(&encoder->locations, state->of)) {
        error = go_names_error(encode(encoder, bytes, size));
        code_locations_close(&encoder->locations);
    }
    if (encoder) {
        profile_free(encoder->profile);
    }
    memory_free(encoder);
    return error;
}
