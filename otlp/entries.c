// entries.c: entries of a request's dictionary, given to a profile (reading.h).
#include "reading.h"

static enum merge_error string_of(struct reading *reading, struct profile *profile, uint64_t index, uint32_t *text) {
    struct wire string;
    if (!dictionary_entry(&reading->dictionary, TABLE_STRINGS, index, &string)) {
        return MERGE_MALFORMED;
    }
    *text = reading_text(profile, string);
    return MERGE_OK;
}

static enum merge_error mapping_attribute(struct reading *reading, struct profile *profile, uint64_t index, struct mapping *mapping) {
    static const char *const flags[] = {"pprof.mapping.has_functions", "pprof.mapping.has_filenames", "pprof.mapping.has_line_numbers",
                                        "pprof.mapping.has_inline_frames"};
    static const char *const build_ids[] = {"process.executable.build_id.gnu", "process.executable.build_id.go",
                                            "process.executable.build_id.htlhash"};
    struct read_attribute attribute;
    enum merge_error error = dictionary_attribute(&reading->dictionary, index, &attribute);
    for (uint32_t i = 0; error == MERGE_OK && i < 4; i++) {
        if (wire_is(attribute.key, flags[i]) && attribute.value.kind == READ_BOOL && attribute.value.number) {
            mapping->flags |= 1u << i;
        }
    }
    for (size_t i = 0; error == MERGE_OK && i < 3; i++) { // the first of these that there is
        if (wire_is(attribute.key, build_ids[i]) && attribute.value.kind == READ_TEXT && (mapping->build_id == 0 || i < mapping->cursor)) {
            mapping->build_id = reading_text(profile, attribute.value.text);
            mapping->cursor = (uint32_t)i;
        }
    }
    return error;
}

static enum merge_error read_mapping(struct reading *reading, struct profile *profile, struct wire message, struct mapping *mapping) {
    const struct dictionary *dictionary = &reading->dictionary;
    enum merge_error error = MERGE_OK;
    struct wire_field field;
    while (dictionary_next(dictionary, &message, &field, &error)) {
        struct numbers numbers = {0};
        uint64_t index;
        switch (field.number) {
        case 1:
            mapping->start = field.value;
            break;
        case 2:
            mapping->limit = field.value;
            break;
        case 3:
            mapping->offset = field.value;
            break;
        case 4:
            error = string_of(reading, profile, field.value, &mapping->file);
            break;
        case 5:
            while (error == MERGE_OK && dictionary_number(dictionary, &field, &numbers, &index, &error)) {
                error = reading_count(reading, 1);
                error = error == MERGE_OK ? mapping_attribute(reading, profile, index, mapping) : error;
            }
            break;
        }
    }
    mapping->cursor = 0;
    return error;
}

static enum merge_error mapping_of(struct reading *reading, const struct group *group, uint64_t index, uint32_t *id) {
    struct wire message;
    struct mapping mapping = {0};
    *id = 0;
    if (index == 0) {
        return MERGE_OK;
    }
    if (!dictionary_entry(&reading->dictionary, TABLE_MAPPINGS, index, &message)) {
        return MERGE_MALFORMED;
    }
    struct given *given = &reading->mappings[index];
    if (given->group != group->number) {
        enum merge_error error = read_mapping(reading, group->profile, message, &mapping);
        if (error != MERGE_OK) {
            return error;
        }
        bool empty = mapping.start == 0 && mapping.limit == 0 && mapping.offset == 0 && mapping.file == 0 && mapping.build_id == 0;
        uint32_t found = empty ? 0 : profile_find_mapping(group->profile, &mapping);
        *given = (struct given){group->number, empty ? 0 : found != 0 ? found : profile_new_mapping(group->profile, &mapping)};
    }
    *id = given->id;
    return group->profile->status;
}

static enum merge_error function_of(struct reading *reading, const struct group *group, uint64_t index, uint32_t *id) {
    struct wire message;
    struct wire_field field;
    struct function function = {0};
    enum merge_error error = MERGE_OK;
    if (!dictionary_entry(&reading->dictionary, TABLE_FUNCTIONS, index, &message)) {
        return MERGE_MALFORMED;
    }
    struct given *given = index < dictionary_size(&reading->dictionary, TABLE_FUNCTIONS) ? &reading->functions[index] : NULL;
    if (given && given->group == group->number) {
        *id = given->id;
        return MERGE_OK;
    }
    while (dictionary_next(&reading->dictionary, &message, &field, &error)) {
        switch (field.number) {
        case 1:
            error = string_of(reading, group->profile, field.value, &function.name);
            break;
        case 2:
            error = string_of(reading, group->profile, field.value, &function.system_name);
            break;
        case 3:
            error = string_of(reading, group->profile, field.value, &function.file);
            break;
        case 4:
            function.start_line = (int64_t)field.value;
            break;
        }
    }
    if (error == MERGE_OK) {
        *id = profile_intern_function(group->profile, &function);
        if (given) {
            *given = (struct given){group->number, *id};
        }
        error = group->profile->status;
    }
    return error;
}

static enum merge_error read_line(struct reading *reading, const struct group *group, struct wire message) {
    struct wire_field field;
    enum merge_error error = MERGE_OK;
    uint64_t function = 0;
    struct line *line = array_push(&reading->lines, 1, sizeof *line);
    if (!line) {
        return MERGE_NO_MEMORY;
    }
    while (dictionary_next(&reading->dictionary, &message, &field, &error)) {
        switch (field.number) {
        case 1:
            function = field.value;
            break;
        case 2:
            line->line = (int64_t)field.value;
            break;
        case 3:
            line->column = (int64_t)field.value;
            break;
        }
    }
    return error == MERGE_OK ? function_of(reading, group, function, &line->function) : error;
}

static enum merge_error location_attribute(struct reading *reading, uint64_t index, struct location *location) {
    struct read_attribute attribute;
    enum merge_error error = dictionary_attribute(&reading->dictionary, index, &attribute);
    if (error == MERGE_OK && wire_is(attribute.key, "pprof.location.is_folded")) {
        location->folded = attribute.value.kind == READ_BOOL && attribute.value.number;
    }
    return error;
}

static enum merge_error read_location(struct reading *reading, const struct group *group, struct wire message, uint32_t *id) {
    const struct dictionary *dictionary = &reading->dictionary;
    struct location location = {0};
    struct wire_field field;
    enum merge_error error = MERGE_OK;
    reading->lines.count = 0;
    while (dictionary_next(dictionary, &message, &field, &error)) {
        struct numbers numbers = {0};
        uint64_t index;
        switch (field.number) {
        case 1:
            error = mapping_of(reading, group, field.value, &location.mapping);
            break;
        case 2:
            location.address = field.value;
            break;
        case 3:
            error = reading_count(reading, 1);
            error = error == MERGE_OK && field.type == WIRE_BYTES ? read_line(reading, group, field.bytes) : error;
            break;
        case 4:
            while (error == MERGE_OK && dictionary_number(dictionary, &field, &numbers, &index, &error)) {
                error = reading_count(reading, 1);
                error = error == MERGE_OK ? location_attribute(reading, index, &location) : error;
            }
            break;
        }
    }
    if (error == MERGE_OK) {
        location.line_count = reading->lines.count;
        *id = profile_intern_location(group->profile, &location, reading->lines.items);
        error = group->profile->status;
    }
    return error;
}

// Gives the location to the group's profile, where it is not yet.
static enum merge_error add_location(struct reading *reading, const struct group *group, uint64_t index, struct given_location *given) {
    struct wire message;
    if (!dictionary_entry(&reading->dictionary, TABLE_LOCATIONS, index, &message)) {
        return MERGE_MALFORMED;
    }
    *given = (struct given_location){.group = group->number};
    enum merge_error error = read_location(reading, group, message, &given->id);
    if (error == MERGE_OK) {
        uint32_t lines = profile_location(group->profile, given->id)->line_count;
        given->frames = lines > 0 ? lines : 1;
        if (index < dictionary_size(&reading->dictionary, TABLE_LOCATIONS)) {
            reading->locations[index] = *given;
        }
    }
    return error;
}

static enum merge_error too_deep(const struct reading *reading) {
    return fault_set(reading->dictionary.fault, MERGE_TOO_LARGE, 0, "a stack of more than %zu frames",
                     reading->dictionary.limits->depth_frames);
}

// One more location of the stack.
static enum merge_error add_frame(struct reading *reading, const struct group *group, uint64_t index, size_t *frames) {
    struct given_location given = {0};
    enum merge_error error = MERGE_OK;
    if (reading->refs.count >= reading->dictionary.limits->depth_frames) {
        return too_deep(reading);
    }
    uint32_t *ref = array_reserve(&reading->refs, 1, sizeof *ref);
    if (!ref) {
        return MERGE_NO_MEMORY;
    }
    if (index < dictionary_size(&reading->dictionary, TABLE_LOCATIONS)) {
        given = reading->locations[index];
    }
    if (given.group != group->number) {
        error = add_location(reading, group, index, &given);
    }
    *ref = given.id;
    *frames += given.frames;
    reading->refs.count++;
    return error;
}

enum merge_error reading_stack(struct reading *reading, const struct group *group, uint64_t index) {
    struct wire message;
    struct wire_field field;
    enum merge_error error = MERGE_OK;
    size_t frames = 0;
    reading->refs.count = 0;
    if (!dictionary_entry(&reading->dictionary, TABLE_STACKS, index, &message)) {
        return MERGE_MALFORMED;
    }
    while (dictionary_next(&reading->dictionary, &message, &field, &error)) {
        struct numbers numbers = {0};
        uint64_t location;
        while (error == MERGE_OK && field.number == 1 && dictionary_number(&reading->dictionary, &field, &numbers, &location, &error)) {
            error = add_frame(reading, group, location, &frames);
        }
    }
    if (error == MERGE_OK && frames > reading->dictionary.limits->depth_frames) {
        return too_deep(reading);
    }
    return error == MERGE_OK ? reading_count(reading, frames) : error;
}
