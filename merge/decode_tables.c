// decode_tables.c: reads the mappings, functions and locations of an input. See decode.h, also for threads and memory.
#include "decode.h"

// An id must be unique and not 0.
static enum merge_error put_id(struct cursor *cursor, struct id_map *map, uint64_t id, uint32_t value) {
    if (cursor->error != MERGE_OK) {
        return cursor->error;
    }
    if (cursor->input->profile->status != MERGE_OK) { // no memory: value is invalid
        cursor_fail(cursor, cursor->input->profile->status, "no memory");
        return cursor->error;
    }
    if (id == 0) {
        cursor_fail(cursor, MERGE_MALFORMED, "has no id");
        return cursor->error;
    }
    switch (id_map_put(map, id, value)) {
    case ID_MAP_OK:
        break;
    case ID_MAP_TWICE:
        cursor_fail(cursor, MERGE_MALFORMED, "duplicate id %llu", (unsigned long long)id);
        break;
    case ID_MAP_NO_MEMORY:
        cursor_fail(cursor, MERGE_NO_MEMORY, "no memory");
        break;
    }
    return cursor->error;
}

uint32_t decode_id(struct cursor *cursor, const struct id_map *map, uint64_t id, const char *noun) {
    uint32_t value = id_map_get(map, id);
    if (value == 0) {
        cursor_fail(cursor, MERGE_MALFORMED, "%s id %llu does not exist", noun, (unsigned long long)id);
    }
    return value;
}

static enum merge_error no_memory(struct input *input, const char *noun) {
    return fault_set(input->fault, MERGE_NO_MEMORY, 0, "%s", noun);
}

// ---- Mappings ----

static uint64_t read_mapping(struct cursor *cursor, struct mapping *mapping) {
    uint64_t id = 0;
    while (cursor_next(cursor)) {
        switch (cursor->field.number) {
        case 1:
            id = cursor_number(cursor);
            break;
        case 2:
            mapping->start = cursor_number(cursor);
            break;
        case 3:
            mapping->limit = cursor_number(cursor);
            break;
        case 4:
            mapping->offset = cursor_number(cursor);
            break;
        case 5:
            mapping->file = cursor_string(cursor);
            break;
        case 6:
            mapping->build_id = cursor_string(cursor);
            break;
        case 7 ... 10: {
            uint32_t flag = 1u << (cursor->field.number - 7);
            mapping->flags = cursor_number(cursor) != 0 ? mapping->flags | flag : mapping->flags & ~flag;
            break;
        }
        default:
            cursor->input->unknown_fields = true;
        }
    }
    return id;
}

// Matches equal mappings before similar ones, so that a similar one cannot claim an equal one's match (mapping.c).
static enum merge_error match_mappings(struct input *input) {
    struct profile *profile = input->profile;
    struct input_mapping *mappings = input->mappings.items;
    for (uint32_t i = 0; i < input->mappings.count; i++) {
        mappings[i].id = profile_find_mapping(profile, &mappings[i].content);
        if (mappings[i].id != 0) {
            profile_mapping(profile, mappings[i].id)->claimed_by = profile->input;
        }
    }
    for (uint32_t i = 0; i < input->mappings.count; i++) {
        struct input_mapping *mapping = &mappings[i];
        if (mapping->id == 0) {
            mapping->id = profile_find_mapping(profile, &mapping->content);
        }
        if (mapping->id == 0) {
            mapping->id = profile_find_alike_mapping(profile, &mapping->content);
        }
        if (mapping->id == 0) {
            mapping->id = profile_new_mapping(profile, &mapping->content);
        }
        if (mapping->id == 0) {
            return no_memory(input, "mappings");
        }
        struct mapping *ours = profile_mapping(profile, mapping->id);
        ours->claimed_by = profile->input;
        profile_renew_mapping(profile, mapping->id, &mapping->content);
        mapping->shift = ours->start - mapping->content.start;
    }
    return MERGE_OK;
}

enum merge_error decode_mappings(struct input *input) {
    uint32_t count = input->tables[DECODE_MAPPINGS].count;
    if (!id_map_init(&input->mapping_ids, count, input->profile->seed)) {
        return no_memory(input, "mappings");
    }
    for (uint32_t i = 0; i < count; i++) {
        struct input_mapping *mapping = array_push(&input->mappings, 1, sizeof *mapping);
        if (!mapping) {
            return no_memory(input, "mappings");
        }
        struct cursor cursor = cursor_open(input, DECODE_MAPPINGS, "mapping", i);
        uint64_t id = read_mapping(&cursor, &mapping->content);
        if (put_id(&cursor, &input->mapping_ids, id, i + 1) != MERGE_OK) {
            return cursor.error;
        }
        if (input->profile->paths_cut) {
            redact_mapping(input->profile, &mapping->content);
        }
    }
    return match_mappings(input);
}

// ---- Functions ----

static uint64_t read_function(struct cursor *cursor, struct function *function) {
    uint64_t id = 0;
    while (cursor_next(cursor)) {
        switch (cursor->field.number) {
        case 1:
            id = cursor_number(cursor);
            break;
        case 2:
            function->name = cursor_string(cursor);
            break;
        case 3:
            function->system_name = cursor_string(cursor);
            break;
        case 4:
            function->file = cursor_string(cursor);
            break;
        case 5:
            function->start_line = (int64_t)cursor_number(cursor);
            break;
        default:
            cursor->input->unknown_fields = true;
        }
    }
    return id;
}

enum merge_error decode_functions(struct input *input) {
    uint32_t count = input->tables[DECODE_FUNCTIONS].count;
    uint32_t *ours = array_push(&input->functions, count, sizeof *ours);
    if (!id_map_init(&input->function_ids, count, input->profile->seed) || (!ours && count > 0)) {
        return no_memory(input, "functions");
    }
    for (uint32_t i = 0; i < count; i++) {
        struct cursor cursor = cursor_open(input, DECODE_FUNCTIONS, "function", i);
        struct function function = {0};
        uint64_t id = read_function(&cursor, &function);
        if (cursor.error != MERGE_OK) {
            return cursor.error;
        }
        if (input->profile->paths_cut) {
            redact_function(input->profile, &function);
        }
        ours[i] = profile_intern_function(input->profile, &function);
        if (put_id(&cursor, &input->function_ids, id, ours[i]) != MERGE_OK) {
            return cursor.error;
        }
    }
    return MERGE_OK;
}

// ---- Locations ----

static void read_line(struct cursor *cursor) {
    struct input *input = cursor->input;
    if (cursor->field.type != WIRE_BYTES) {
        cursor_fail(cursor, MERGE_MALFORMED, "a line is not a message");
        return;
    }
    struct line *line = array_push(&input->lines, 1, sizeof *line);
    if (!line) {
        cursor_fail(cursor, MERGE_NO_MEMORY, "no memory");
        return;
    }
    struct wire rest = cursor->wire;
    cursor->wire = cursor->field.bytes;
    uint64_t function = 0;
    while (cursor_next(cursor)) {
        switch (cursor->field.number) {
        case 1:
            function = cursor_number(cursor);
            break;
        case 2:
            line->line = (int64_t)cursor_number(cursor);
            break;
        case 3:
            line->column = (int64_t)cursor_number(cursor);
            break;
        default:
            input->unknown_fields = true;
        }
    }
    if (cursor->error == MERGE_OK) {
        line->function = decode_id(cursor, &input->function_ids, function, "function");
    }
    if (cursor->error == MERGE_OK) {
        cursor->wire = rest;
    }
}

static uint64_t read_location(struct cursor *cursor, struct location *location, uint64_t *mapping) {
    uint64_t id = 0;
    while (cursor_next(cursor)) {
        switch (cursor->field.number) {
        case 1:
            id = cursor_number(cursor);
            break;
        case 2:
            *mapping = cursor_number(cursor);
            break;
        case 3:
            location->address = cursor_number(cursor);
            break;
        case 4:
            read_line(cursor);
            break;
        case 5:
            location->folded = cursor_number(cursor) != 0;
            break;
        default:
            cursor->input->unknown_fields = true;
        }
    }
    return id;
}

// A real name, not a file offset in place of one ("libc.so.6+0x519bf").
static bool has_name(const struct profile *profile, const struct location *location, const struct line *line) {
    const struct mapping *mapping = profile_mapping(profile, location->mapping);
    return !profile_frame_is_nameless(&(struct profile_frame){
        .function = profile_string(profile, profile_function(profile, line->function)->name),
        .file_offset = location->address - mapping->start + mapping->offset,
        .mapping_file = profile_string(profile, mapping->file),
    });
}

static struct profile_mapping mapping_of(const struct profile *profile, const struct location *location) {
    const struct mapping *mapping = profile_mapping(profile, location->mapping);
    return (struct profile_mapping){
        .memory_start = mapping->start,
        .memory_limit = mapping->limit,
        .file_offset = mapping->offset,
        .file = profile_string(profile, mapping->file),
        .build_id = profile_string(profile, mapping->build_id),
        .has_functions = (mapping->flags & MAPPING_FUNCTIONS) != 0,
    };
}

static void map_location(struct input *input, struct location *location) {
    struct profile *profile = input->profile;
    const struct profile_mapping given = mapping_of(profile, location);
    uint32_t mapping = profile->namer.map(profile->namer.context, profile, &given, location->address);
    location->mapping = mapping != 0 ? mapping : location->mapping;
}

static void name_location(struct input *input, struct location *location) {
    struct profile *profile = input->profile;
    struct profile_line named[PROFILE_NAMER_LINES];
    if (!profile->namer.every_location && (location->mapping == 0 || location->line_count > 1 ||
                                           (location->line_count == 1 && has_name(profile, location, input->lines.items)))) {
        return;
    }
    const struct profile_mapping given = mapping_of(profile, location);
    size_t count = profile->namer.name(profile->namer.context, profile, &given, location->address, named);
    if (count == 0) {
        return;
    }
    input->lines.count = 0;
    struct line *lines = array_push(&input->lines, (uint32_t)count, sizeof *lines);
    if (!lines) {
        profile_fail(profile, MERGE_NO_MEMORY);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        lines[i] = (struct line){named[i].function, named[i].line, named[i].column};
    }
    location->line_count = (uint32_t)count;
}

static enum merge_error decode_location(struct input *input, uint32_t index, uint32_t *ours) {
    struct cursor cursor = cursor_open(input, DECODE_LOCATIONS, "location", index);
    struct location location = {0};
    uint64_t mapping_id = 0;
    input->lines.count = 0;
    uint64_t id = read_location(&cursor, &location, &mapping_id);
    if (cursor.error != MERGE_OK) {
        return cursor.error;
    }
    location.line_count = input->lines.count;
    // An unknown mapping id means no mapping, as in google/pprof: address and lines remain.
    uint32_t at = mapping_id != 0 ? id_map_get(&input->mapping_ids, mapping_id) : 0;
    if (at != 0) {
        const struct input_mapping *mapping = (const struct input_mapping *)input->mappings.items + (at - 1);
        location.mapping = mapping->id;
        if (location.address != 0) { // 0 means no address and is not shifted
            location.address += mapping->shift;
        }
    }
    if (input->profile->namer.map && location.address != 0) {
        map_location(input, &location);
    }
    if (input->profile->namer.name && location.address != 0) {
        name_location(input, &location);
    }
    if (location.line_count > input->max_lines) {
        input->max_lines = location.line_count;
    }
    *ours = profile_intern_location(input->profile, &location, input->lines.items);
    return put_id(&cursor, &input->location_ids, id, *ours);
}

enum merge_error decode_locations(struct input *input) {
    uint32_t count = input->tables[DECODE_LOCATIONS].count;
    uint32_t *ours = array_push(&input->locations, count, sizeof *ours);
    if (!id_map_init(&input->location_ids, count, input->profile->seed) || (!ours && count > 0)) {
        return no_memory(input, "locations");
    }
    input->max_lines = 1;
    for (uint32_t i = 0; i < count; i++) {
        enum merge_error error = decode_location(input, i, &ours[i]);
        if (error != MERGE_OK) {
            return error;
        }
    }
    return MERGE_OK;
}
