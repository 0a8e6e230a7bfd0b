// decode_tables.c: reads the mappings, functions, locations and samples of an input. See decode.h. Threads and memory: as there.
#include "decode.h"

// An id must not be 0 and not come twice.
static enum merge_error put_id(struct cursor *cursor, struct id_map *map, uint64_t id, uint32_t value) {
    if (cursor->error != MERGE_OK)
        return cursor->error;
    if (cursor->input->profile->status != MERGE_OK) { // no memory: there is no value
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
        cursor_fail(cursor, MERGE_MALFORMED, "the id %llu came before", (unsigned long long)id);
        break;
    case ID_MAP_NO_MEMORY:
        cursor_fail(cursor, MERGE_NO_MEMORY, "no memory");
        break;
    }
    return cursor->error;
}

static uint32_t get_id(struct cursor *cursor, const struct id_map *map, uint64_t id, const char *noun) {
    uint32_t value = id_map_get(map, id);
    if (value == 0)
        cursor_fail(cursor, MERGE_MALFORMED, "%s id %llu does not exist", noun, (unsigned long long)id);
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
            mapping->file = cursor_text(cursor);
            break;
        case 6:
            mapping->build_id = cursor_text(cursor);
            break;
        case 7 ... 10: {
            uint32_t flag = 1u << (cursor->field.number - 7);
            mapping->flags = cursor_number(cursor) != 0 ? mapping->flags | flag : mapping->flags & ~flag;
            break;
        }
        }
    }
    return id;
}

// First those that are the same, then those that are alike, so that no mapping takes away the one that another one is (mapping.c).
static enum merge_error match_mappings(struct input *input) {
    struct profile *profile = input->profile;
    struct input_mapping *mappings = input->mappings.items;
    for (uint32_t i = 0; i < input->mappings.count; i++) {
        mappings[i].id = profile_find_mapping(profile, &mappings[i].content);
        if (mappings[i].id != 0)
            profile_mapping(profile, mappings[i].id)->claimed_by = profile->input;
    }
    for (uint32_t i = 0; i < input->mappings.count; i++) {
        struct input_mapping *mapping = &mappings[i];
        if (mapping->id == 0)
            mapping->id = profile_find_mapping(profile, &mapping->content);
        if (mapping->id == 0)
            mapping->id = profile_find_alike_mapping(profile, &mapping->content);
        if (mapping->id == 0)
            mapping->id = profile_new_mapping(profile, &mapping->content);
        if (mapping->id == 0)
            return no_memory(input, "mappings");
        struct mapping *ours = profile_mapping(profile, mapping->id);
        ours->claimed_by = profile->input;
        mapping->shift = ours->start - mapping->content.start;
    }
    return MERGE_OK;
}

enum merge_error decode_mappings(struct input *input) {
    uint32_t count = input->tables[DECODE_MAPPINGS].count;
    if (!id_map_init(&input->mapping_ids, count, input->profile->seed))
        return no_memory(input, "mappings");
    for (uint32_t i = 0; i < count; i++) {
        struct input_mapping *mapping = array_push(&input->mappings, 1, sizeof *mapping);
        if (!mapping)
            return no_memory(input, "mappings");
        struct cursor cursor = cursor_open(input, DECODE_MAPPINGS, "mapping", i);
        uint64_t id = read_mapping(&cursor, &mapping->content);
        if (put_id(&cursor, &input->mapping_ids, id, i + 1) != MERGE_OK)
            return cursor.error;
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
            function->name = cursor_text(cursor);
            break;
        case 3:
            function->system_name = cursor_text(cursor);
            break;
        case 4:
            function->file = cursor_text(cursor);
            break;
        case 5:
            function->start_line = (int64_t)cursor_number(cursor);
            break;
        }
    }
    return id;
}

enum merge_error decode_functions(struct input *input) {
    uint32_t count = input->tables[DECODE_FUNCTIONS].count;
    if (!id_map_init(&input->function_ids, count, input->profile->seed))
        return no_memory(input, "functions");
    for (uint32_t i = 0; i < count; i++) {
        struct cursor cursor = cursor_open(input, DECODE_FUNCTIONS, "function", i);
        struct function function = {0};
        uint64_t id = read_function(&cursor, &function);
        if (cursor.error != MERGE_OK)
            return cursor.error;
        if (put_id(&cursor, &input->function_ids, id, profile_intern_function(input->profile, &function)) != MERGE_OK)
            return cursor.error;
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
    struct cursor inner = *cursor;
    inner.wire = cursor->field.bytes;
    uint64_t function = 0;
    while (cursor_next(&inner)) {
        switch (inner.field.number) {
        case 1:
            function = cursor_number(&inner);
            break;
        case 2:
            line->line = (int64_t)cursor_number(&inner);
            break;
        case 3:
            line->column = (int64_t)cursor_number(&inner);
            break;
        }
    }
    if (inner.error == MERGE_OK)
        line->function = get_id(&inner, &input->function_ids, function, "function");
    cursor->error = inner.error;
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
        }
    }
    return id;
}

static enum merge_error decode_location(struct input *input, uint32_t index) {
    struct cursor cursor = cursor_open(input, DECODE_LOCATIONS, "location", index);
    struct location location = {0};
    uint64_t mapping_id = 0;
    input->lines.count = 0;
    uint64_t id = read_location(&cursor, &location, &mapping_id);
    if (cursor.error != MERGE_OK)
        return cursor.error;
    location.line_count = input->lines.count;
    if (mapping_id != 0) {
        uint32_t at = get_id(&cursor, &input->mapping_ids, mapping_id, "mapping");
        if (cursor.error != MERGE_OK)
            return cursor.error;
        const struct input_mapping *mapping = (const struct input_mapping *)input->mappings.items + (at - 1);
        location.mapping = mapping->id;
        if (location.address != 0) // 0 is no address, wherever the mapping lies
            location.address += mapping->shift;
    }
    return put_id(&cursor, &input->location_ids, id, profile_intern_location(input->profile, &location, input->lines.items));
}

enum merge_error decode_locations(struct input *input) {
    uint32_t count = input->tables[DECODE_LOCATIONS].count;
    if (!id_map_init(&input->location_ids, count, input->profile->seed))
        return no_memory(input, "locations");
    for (uint32_t i = 0; i < count; i++) {
        enum merge_error error = decode_location(input, i);
        if (error != MERGE_OK)
            return error;
    }
    return MERGE_OK;
}

// ---- Samples ----

// A number of a repeated field; false: the message is no good.
typedef bool add_number(struct cursor *cursor, uint64_t value);

// Repeated numbers come packed, one by one, or both.
static inline void each_number(struct cursor *cursor, add_number *add) {
    if (cursor->field.type != WIRE_BYTES) {
        uint64_t value = cursor_number(cursor);
        if (cursor->error == MERGE_OK)
            add(cursor, value);
        return;
    }
    struct wire run = cursor->field.bytes;
    while (run.at < run.end) {
        uint64_t value;
        if (wire_varint(&run, &value) != WIRE_OK) {
            cursor_fail(cursor, MERGE_MALFORMED, "bad varint in field %u", cursor->field.number);
            return;
        }
        if (!add(cursor, value))
            return;
    }
}

static bool add_ref(struct cursor *cursor, uint64_t id) {
    struct input *input = cursor->input;
    uint32_t location = get_id(cursor, &input->location_ids, id, "location");
    if (location == 0)
        return false;
    uint32_t *ref = array_push(&input->refs, 1, sizeof *ref);
    if (!ref)
        return cursor_fail(cursor, MERGE_NO_MEMORY, "no memory");
    *ref = location;
    return true;
}

static bool add_value(struct cursor *cursor, uint64_t value) {
    struct input *input = cursor->input;
    if (input->values.count == input->profile->type_count)
        return cursor_fail(cursor, MERGE_MALFORMED, "more values than the %u sample types", input->profile->type_count);
    int64_t *entry = array_push(&input->values, 1, sizeof *entry);
    if (!entry)
        return cursor_fail(cursor, MERGE_NO_MEMORY, "no memory");
    *entry = (int64_t)value;
    return true;
}

static void read_label(struct cursor *cursor) {
    if (cursor->field.type != WIRE_BYTES) {
        cursor_fail(cursor, MERGE_MALFORMED, "a label is not a message");
        return;
    }
    struct label *label = array_push(&cursor->input->labels, 1, sizeof *label);
    if (!label) {
        cursor_fail(cursor, MERGE_NO_MEMORY, "no memory");
        return;
    }
    struct cursor inner = *cursor;
    inner.wire = cursor->field.bytes;
    while (cursor_next(&inner)) {
        switch (inner.field.number) {
        case 1:
            label->key = cursor_text(&inner);
            break;
        case 2:
            label->text = cursor_text(&inner);
            break;
        case 3:
            label->number = (int64_t)cursor_number(&inner);
            break;
        case 4:
            label->unit = cursor_text(&inner);
            break;
        }
    }
    if (label->text != 0) { // a text or a number, never both
        label->number = 0;
        label->unit = 0;
    }
    cursor->error = inner.error;
}

// Inlined frames count: else one sample of a few bytes could stand for 10^8 frames.
static bool check_frames(struct cursor *cursor) {
    struct input *input = cursor->input;
    uint64_t frames = 0;
    for (uint32_t i = 0; i < input->refs.count; i++) {
        uint32_t lines = profile_location(input->profile, ((const uint32_t *)input->refs.items)[i])->line_count;
        frames += lines > 1 ? lines : 1;
    }
    if (frames > input->limits->depth_frames)
        return cursor_fail(cursor, MERGE_TOO_LARGE, "%llu frames, limit %zu", (unsigned long long)frames, input->limits->depth_frames);
    input->frames += frames;
    if (input->frames > input->limits->total_frames)
        return cursor_fail(cursor, MERGE_TOO_LARGE, "more than %zu frames in all samples", input->limits->total_frames);
    return true;
}

static enum merge_error decode_sample(struct input *input, uint32_t index) {
    struct cursor cursor = cursor_open(input, DECODE_SAMPLES, "sample", index);
    input->refs.count = input->values.count = input->labels.count = 0;
    while (cursor_next(&cursor)) {
        switch (cursor.field.number) {
        case 1:
            each_number(&cursor, add_ref);
            break;
        case 2:
            each_number(&cursor, add_value);
            break;
        case 3:
            read_label(&cursor);
            break;
        }
    }
    if (cursor.error == MERGE_OK && input->values.count != input->profile->type_count)
        cursor_fail(&cursor, MERGE_MALFORMED, "%u values for %u sample types", input->values.count, input->profile->type_count);
    if (cursor.error != MERGE_OK || !check_frames(&cursor))
        return cursor.error;
    profile_intern_sample(input->profile, input->refs.items, input->refs.count, input->labels.items, input->labels.count,
                          input->values.items, input->scale, input->value_at);
    if (input->profile->status != MERGE_OK)
        cursor_fail(&cursor, input->profile->status, "no memory");
    return cursor.error;
}

enum merge_error decode_samples(struct input *input) {
    for (uint32_t i = 0; i < input->tables[DECODE_SAMPLES].count; i++) {
        enum merge_error error = decode_sample(input, i);
        if (error != MERGE_OK)
            return error;
    }
    return MERGE_OK;
}
