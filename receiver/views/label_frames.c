// label_frames.c: frames from labels (label_frames.h).
#include "label_frames.h"
#include "view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FRAMES = 16, NAME_BYTES = 300 };

static bool is_named(const struct profile_sample_view *sample) {
    for (size_t i = 0; i < sample->frame_count; i++) {
        if (*sample->frames[i].mapping_file || !profile_frame_is_nameless(&sample->frames[i])) {
            return true;
        }
    }
    return false;
}

static const struct profile_label *find_label(const struct profile_sample_view *sample, const char *key) {
    for (size_t i = 0; i < sample->label_count; i++) {
        if (sample->labels[i].text && strcmp(sample->labels[i].key, key) == 0) {
            return &sample->labels[i];
        }
    }
    return NULL;
}

bool label_frames_fit(struct profile *profile) {
    bool any = false;
    for (size_t i = 0; i < profile_sample_count(profile); i++) {
        struct profile_sample_view sample;
        if (profile_sample_at(profile, i, &sample) != MERGE_OK || is_named(&sample)) {
            return false;
        }
        any |= !!find_label(&sample, "event");
    }
    return any;
}

// ---- Frames ----

// The parts of an event, outermost first; all other texts follow, by key.
static const char *const first_keys[] = {"event", "operation", "gc type", "gc reason"};
static const char *const no_frames[] = {VIEW_TIME_LABEL, "span id",   "local root span id", "trace endpoint",
                                        "thread name",   "thread id", "os thread id"};
enum { FIRST_COUNT = sizeof first_keys / sizeof *first_keys };

static bool is_one_of(const char *key, const char *const *keys, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(key, keys[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int compare_keys(const void *left, const void *right) {
    return strcmp((*(const struct profile_label *const *)left)->key, (*(const struct profile_label *const *)right)->key);
}

// Outermost first. Returns their count.
static size_t choose_labels(const struct profile_sample_view *sample, const struct profile_label *chosen[MAX_FRAMES]) {
    size_t count = 0, first;
    for (size_t i = 0; i < FIRST_COUNT; i++) {
        const struct profile_label *label = find_label(sample, first_keys[i]);
        if (label) {
            chosen[count++] = label;
        }
    }
    first = count;
    for (size_t i = 0; i < sample->label_count && count < MAX_FRAMES; i++) {
        const struct profile_label *label = &sample->labels[i];
        if (label->text && *label->text && !is_one_of(label->key, first_keys, FIRST_COUNT) &&
            !is_one_of(label->key, no_frames, sizeof no_frames / sizeof *no_frames)) {
            chosen[count++] = label;
        }
    }
    qsort(chosen + first, count - first, sizeof *chosen, compare_keys);
    return count;
}

static uint32_t add_location(struct profile *profile, const struct profile_label *label) {
    char name[NAME_BYTES];
    bool plain = is_one_of(label->key, first_keys, FIRST_COUNT);
    snprintf(name, sizeof name, "%.100s%s%.190s", plain ? "" : label->key, plain ? "" : ": ", label->text);
    uint32_t function = profile_add_function(profile, &(struct profile_function){.name = name, .system_name = "", .file = ""});
    return profile_add_location(profile, 0, 0, &(struct profile_line){.function = function}, 1);
}

static void add_sample(struct profile *profile, const struct profile_sample_view *sample) {
    const struct profile_label *chosen[MAX_FRAMES];
    uint32_t locations[MAX_FRAMES];
    size_t count = choose_labels(sample, chosen);
    for (size_t i = 0; i < count; i++) {
        locations[count - 1 - i] = add_location(profile, chosen[i]);
    }
    profile_add_sample(profile, locations, count, sample->values, sample->labels, sample->label_count);
}

enum merge_error label_frames_give(struct profile **profile) {
    struct profile *given = label_frames_fit(*profile) ? profile_new() : NULL;
    if (!given) {
        return label_frames_fit(*profile) ? MERGE_NO_MEMORY : MERGE_OK;
    }
    for (size_t i = 0; i < profile_sample_type_count(*profile); i++) {
        profile_add_sample_type(given, profile_sample_type_name(*profile, i), profile_sample_type_unit(*profile, i));
    }
    profile_set_time(given, profile_time_ns(*profile), profile_duration_ns(*profile));
    view_copy_warnings(*profile, given);
    for (size_t i = 0; i < profile_sample_count(*profile); i++) {
        struct profile_sample_view sample;
        if (profile_sample_at(*profile, i, &sample) == MERGE_OK) {
            add_sample(given, &sample);
        }
    }
    enum merge_error error = profile_status(given);
    profile_free(error == MERGE_OK ? *profile : given);
    *profile = error == MERGE_OK ? given : *profile;
    return error;
}
