// view.c: reads a struct profile sample by sample, with ids resolved to names. Threads, memory: as merge.h; the buffers for the frames and
// labels of the current sample are kept in the profile.
#include "profile.h"

#include <stdio.h>

size_t profile_sample_type_count(const struct profile *profile) {
    return profile->type_count;
}

const char *profile_sample_type_name(const struct profile *profile, size_t index) {
    return index < profile->type_count ? profile_string(profile, profile_type(profile, (uint32_t)index)->type) : "";
}

const char *profile_sample_type_unit(const struct profile *profile, size_t index) {
    return index < profile->type_count ? profile_string(profile, profile_type(profile, (uint32_t)index)->unit) : "";
}

static int index_of(const struct profile *profile, const char *type) {
    for (uint32_t i = 0; i < profile->type_count; i++) {
        if (strcmp(profile_sample_type_name(profile, i), type) == 0) {
            return (int)i;
        }
    }
    return -1;
}

int profile_sample_type_index(const struct profile *profile, const char *type) {
    if (type && *type) {
        return index_of(profile, type);
    }
    int index = profile->default_type ? index_of(profile, profile_string(profile, profile->default_type)) : -1;
    return index >= 0 ? index : (int)profile->type_count - 1;
}

int profile_sample_type_chosen(struct profile *profile, const char *type) {
    if (!type || !*type) {
        return profile_shown_type(profile);
    }
    int index = index_of(profile, type);
    uint32_t number = 0;
    const char *digit = type;
    for (; index < 0 && *digit >= '0' && *digit <= '9' && number < profile->type_count; digit++) {
        number = 10 * number + (uint32_t)(*digit - '0');
    }
    return index >= 0 ? index : *digit == '\0' && number < profile->type_count ? (int)number : -1;
}

size_t profile_sample_count(const struct profile *profile) {
    return profile->samples.count;
}
int64_t profile_time_ns(const struct profile *profile) {
    return profile->time_ns;
}
int64_t profile_duration_ns(const struct profile *profile) {
    return profile->duration_ns;
}
int64_t profile_period(const struct profile *profile) {
    return profile->period;
}

static uint64_t file_offset(const struct mapping *mapping, uint64_t address) {
    return address >= mapping->start ? address - mapping->start + mapping->offset : address; // without a mapping start is 0
}

struct profile_frame profile_frame_of(const struct profile *profile, const struct location *location, uint32_t line) {
    const struct mapping *mapping = profile_mapping(profile, location->mapping);
    struct profile_frame frame = {
        .function = "",
        .file = "",
        .file_offset = file_offset(mapping, location->address),
        .mapping_file = profile_string(profile, mapping->file),
        .build_id = profile_string(profile, mapping->build_id),
        .inlined = line + 1 < location->line_count, // the last line is the physical function
    };
    if (location->line_count > 0) {
        const struct line *named = profile_line(profile, location->line + line);
        const struct function *function = profile_function(profile, named->function);
        frame.function = profile_string(profile, function->name ? function->name : function->system_name);
        frame.file = profile_string(profile, function->file);
        frame.line = named->line;
        frame.label = profile->first_group != 0 && named->function >= profile->first_group;
    }
    return frame;
}

static bool add_frames(struct profile *profile, const struct location *location) {
    uint32_t count = location->line_count ? location->line_count : 1;
    struct profile_frame *frames = array_push(&profile->view_frames, count, sizeof *frames);
    if (!frames) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        frames[i] = profile_frame_of(profile, location, i);
    }
    return true;
}

static bool add_labels(struct profile *profile, const struct sample *sample) {
    struct profile_label *labels = array_push(&profile->view_labels, sample->label_count, sizeof *labels);
    if (!labels && sample->label_count > 0) {
        return false;
    }
    for (uint32_t i = 0; i < sample->label_count; i++) {
        const struct label *label = profile_label(profile, sample->label + i);
        labels[i] = (struct profile_label){
            .key = profile_string(profile, label->key),
            .text = label->text ? profile_string(profile, label->text) : NULL,
            .number = label->number,
            .unit = profile_string(profile, label->unit),
        };
    }
    return true;
}

static enum merge_error look_at(struct profile *profile, size_t index, bool with_frames, struct profile_sample_view *view) {
    *view = (struct profile_sample_view){0};
    if (index >= profile->samples.count) {
        return MERGE_NOT_FOUND;
    }
    const struct sample *sample = profile_sample(profile, (uint32_t)index);
    profile->view_frames.count = profile->view_labels.count = 0;
    for (uint32_t i = 0; with_frames && i < sample->ref_count; i++) {
        if (!add_frames(profile, profile_location(profile, *profile_ref(profile, sample->ref + i)))) {
            return MERGE_NO_MEMORY;
        }
    }
    if (!add_labels(profile, sample)) {
        return MERGE_NO_MEMORY;
    }
    *view = (struct profile_sample_view){
        .values = profile_sample_values(profile, (uint32_t)index),
        .frames = profile->view_frames.items,
        .frame_count = profile->view_frames.count,
        .labels = profile->view_labels.items,
        .label_count = profile->view_labels.count,
    };
    return MERGE_OK;
}

enum merge_error profile_sample_at(struct profile *profile, size_t index, struct profile_sample_view *view) {
    return look_at(profile, index, true, view);
}

enum merge_error profile_sample_without_frames(struct profile *profile, size_t index, struct profile_sample_view *view) {
    return look_at(profile, index, false, view);
}

bool profile_frame_is_go(const struct profile_frame *frame) {
    const char *suffix = strrchr(frame->file, '.');
    if (strcmp(frame->file, "<autogenerated>") == 0 && !frame->label) { // the compiler's: wrappers of methods, comparison of types
        return true;
    }
    if (!suffix || frame->label) {
        return false;
    }
    if (strcmp(suffix, ".go") == 0) {
        return strchr(frame->function, '.') || strncmp(frame->function, "_cgoexp_", 8) == 0;
    }
    return strcmp(suffix, ".s") == 0;
}

bool profile_frame_is_nameless(const struct profile_frame *frame) {
    const char *slash = strrchr(frame->mapping_file, '/'), *file = slash ? slash + 1 : frame->mapping_file;
    char file_and_offset[300];
    snprintf(file_and_offset, sizeof file_and_offset, "%.256s+0x%llx", *file ? file : "unknown", (unsigned long long)frame->file_offset);
    return *frame->function == '\0' || strcmp(frame->function, file_and_offset) == 0;
}

bool profile_sample_has_label(const struct profile_sample_view *sample, const char *key, const char *text) {
    for (size_t i = 0; i < sample->label_count; i++) {
        const struct profile_label *label = &sample->labels[i];
        if (label->text && strcmp(label->key, key) == 0 && strcmp(label->text, text) == 0) {
            return true;
        }
    }
    return false;
}

bool profile_sample_is_c(const struct profile_sample_view *sample) {
    return profile_sample_has_label(sample, "memory", "C") || profile_sample_has_label(sample, "memory", "mmap");
}

bool profile_sample_is_own(const struct profile_sample_view *sample) {
    return profile_sample_has_label(sample, "owner", "cmemprof");
}
