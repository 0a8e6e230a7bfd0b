// delta_write.c: writes the delta from the new profile's bytes: copies the messages in use, and rewrites values and ids.
//
// A sample that is not all zeros assigns ids to its locations, these to their functions and mappings, and all mark strings. The tables are
// indexed by ids of `known`, so that the profile's own ids do not matter. Ids are dense from 1, in order of first use: google/pprof
// numbers entries it adds (it symbolizes mappings without functions) from the count of entries on, and rejects duplicates.
// Unused strings become empty, so that indices remain valid. If there are unknown fields, all strings are kept, since such a field
// may refer to one. Threads, memory: as delta.h; eight bytes per location, four per function, one per string.
#include "delta.h"

struct writing {
    struct delta *delta;
    const struct input *input;
    const struct profile *known;
    struct wire_writer *out;
    uint64_t *locations;            // new id as a varint, with its length in the highest byte; 0: unused
    uint32_t *functions, *mappings; // new id; 0: unused
    uint32_t location_count, function_count, mapping_count;
    bool *strings; // in use
};

static inline uint32_t new_id(uint32_t *ids, uint32_t *count, uint32_t ours) {
    return ids[ours] != 0 ? ids[ours] : (ids[ours] = ++*count);
}

static void copy_message(struct writing *writing, uint32_t field, struct span span) {
    struct wire_writer *out = writing->out;
    if (!wire_reserve(out, (size_t)span.size + 16)) {
        return;
    }
    uint8_t *at = out->bytes + out->size;
    *at++ = (uint8_t)(field << 3 | WIRE_BYTES);
    at = wire_put_varint(at, span.size);
    if (span.size > 0) {
        memcpy(at, writing->input->bytes + span.at, span.size);
    }
    out->size = (size_t)(at - out->bytes) + span.size;
}

// ---- Samples ----

static void mark_labels(struct writing *writing, const struct sample *sample) {
    for (uint32_t i = 0; i < sample->label_count; i++) {
        const struct label *label = profile_label(writing->known, sample->label + i);
        writing->strings[label->key] = writing->strings[label->text] = writing->strings[label->unit] = true;
    }
}

// Caller must have reserved the capacity.

static __attribute__((noinline)) uint64_t new_location(struct writing *writing, uint32_t ours) {
    uint8_t bytes[8] = {0};
    bytes[7] = (uint8_t)(wire_put_varint(bytes, ++writing->location_count) - bytes);
    memcpy(&writing->locations[ours], bytes, sizeof bytes);
    return writing->locations[ours];
}

// Refs are most of a profile: each is written by one 8-byte store, whose excess bytes the next one overwrites.
static void write_refs(struct writing *writing, const struct sample *sample) {
    struct wire_writer *out = writing->out;
    if (sample->ref_count == 0) {
        return;
    }
    size_t run = wire_open(out, 1);
    const uint64_t *locations = writing->locations;
    uint8_t *at = out->bytes + out->size;
    for (const uint32_t *ref = profile_ref(writing->known, sample->ref), *end = ref + sample->ref_count; ref < end; ref++) {
        uint64_t id = locations[*ref];
        if (__builtin_expect(id == 0, 0)) {
            id = new_location(writing, *ref);
        }
        memcpy(at, &id, sizeof id);
        at += id >> 56;
    }
    out->size = (size_t)(at - out->bytes);
    wire_close(out, run);
}

static void write_values(struct writing *writing, const int64_t *row) {
    struct wire_writer *out = writing->out;
    const uint32_t *value_at = writing->input->value_at.items;
    size_t run = wire_open(out, 2);
    uint8_t *at = out->bytes + out->size;
    for (uint32_t i = 0; i < writing->known->type_count; i++) {
        at = wire_put_varint(at, (uint64_t)row[value_at[i]]);
    }
    out->size = (size_t)(at - out->bytes);
    wire_close(out, run);
}

// Copies labels and unknown fields.
static void copy_rest(struct writing *writing, struct span span) {
    struct wire_writer *out = writing->out;
    struct wire wire = {writing->input->bytes + span.at, writing->input->bytes + span.at + span.size};
    while (wire.at < wire.end) {
        const uint8_t *from = wire.at;
        struct wire_field field;
        if (wire_next(&wire, &field) != WIRE_OK) { // cannot happen: it was decoded before
            break;
        }
        if (field.number <= 2) {
            continue;
        }
        memcpy(out->bytes + out->size, from, (size_t)(wire.at - from));
        out->size += (size_t)(wire.at - from);
    }
}

static void write_sample(struct writing *writing, uint32_t index, struct span span, const int64_t *row) {
    struct wire_writer *out = writing->out;
    const struct sample *sample = profile_sample(writing->known, index);
    mark_labels(writing, sample);
    if (!wire_reserve(out, (size_t)span.size + (size_t)sample->ref_count * 5 + (size_t)writing->known->type_count * 10 + 64)) {
        return;
    }
    size_t message = wire_open(out, 2);
    write_refs(writing, sample);
    copy_rest(writing, span);
    write_values(writing, row);
    wire_close(out, message);
}

// Prefetches. If the samples are not in the order of `known`, cache misses would dominate.
static void fetch_samples(const struct writing *writing, uint32_t index) {
    const struct delta *delta = writing->delta;
    const uint32_t *ours = writing->input->samples.items;
    uint32_t count = writing->input->samples.count, types = writing->known->type_count;
    if (index + FETCH_AHEAD < count) {
        profile_fetch_sample(writing->known, ours[index + FETCH_AHEAD]);
    }
    if (index + 2 * FETCH_AHEAD < count) {
        uint32_t ahead = ours[index + 2 * FETCH_AHEAD];
        __builtin_prefetch(profile_sample(writing->known, ahead));
        __builtin_prefetch((const int64_t *)delta->current.items + (size_t)ahead * types);
        __builtin_prefetch((const int64_t *)delta->last.items + (size_t)ahead * types);
    }
}

// Duplicate samples were summed and are written at the first occurrence.
static bool write_samples(struct writing *writing) {
    struct delta *delta = writing->delta;
    const struct input *input = writing->input;
    const uint32_t *ours = input->samples.items;
    const struct span *spans = input->tables[DECODE_SAMPLES].items;
    bool *seen = delta->seen.items;
    int64_t few[64], *row = few;
    if (writing->known->type_count > 64 && !(row = memory_take(writing->known->type_count * sizeof *row))) {
        return false;
    }
    for (uint32_t i = 0; i < input->samples.count; i++) {
        fetch_samples(writing, i);
        if (seen[ours[i]]) {
            continue;
        }
        seen[ours[i]] = true;
        if (!delta_row(delta, ours[i], row)) {
            continue;
        }
        write_sample(writing, ours[i], spans[i], row);
    }
    if (row != few) {
        memory_free(row);
    }
    return true;
}

// ---- Tables ----
//
// Entries of the profile may be duplicates, such as two equal functions, and are written at the first occurrence. The id of a written entry
// is then set to 0, since everything that refers to it has been written before.

// A field of a message, and its bytes.
struct part {
    struct wire_field field;
    const uint8_t *from;
    size_t size;
};

static bool next_part(struct wire *wire, struct part *part) {
    part->from = wire->at;
    if (wire->at == wire->end || wire_next(wire, &part->field) != WIRE_OK) {
        return false;
    }
    part->size = (size_t)(wire->at - part->from);
    return true;
}

static void copy_part(struct wire_writer *out, const struct part *part) {
    if (!wire_reserve(out, part->size)) {
        return;
    }
    memcpy(out->bytes + out->size, part->from, part->size);
    out->size += part->size;
}

static struct wire wire_of(const struct writing *writing, struct span span) {
    return (struct wire){writing->input->bytes + span.at, writing->input->bytes + span.at + span.size};
}

// Copies a message with a new id, which is written first.
static void write_with_id(struct writing *writing, uint32_t field, struct span span, uint32_t id) {
    struct wire wire = wire_of(writing, span);
    struct part part = {0};
    size_t message = wire_open(writing->out, field);
    wire_write_number(writing->out, 1, id);
    while (next_part(&wire, &part)) {
        if (part.field.number != 1) {
            copy_part(writing->out, &part);
        }
    }
    wire_close(writing->out, message);
}

static void write_line(struct writing *writing, struct wire wire, uint32_t function) {
    struct part part = {0};
    size_t message = wire_open(writing->out, 4);
    wire_write_number(writing->out, 1, new_id(writing->functions, &writing->function_count, function));
    while (next_part(&wire, &part)) {
        if (part.field.number != 1) {
            copy_part(writing->out, &part);
        }
    }
    wire_close(writing->out, message);
}

static void write_id(struct wire_writer *out, uint64_t location) {
    wire_write_varint(out, 1 << 3 | WIRE_VARINT);
    if (wire_reserve(out, sizeof location)) {
        memcpy(out->bytes + out->size, &location, sizeof location);
        out->size += location >> 56;
    }
}

static void write_location(struct writing *writing, struct span span, uint32_t ours) {
    const struct location *location = profile_location(writing->known, ours);
    struct wire wire = wire_of(writing, span);
    struct part part = {0};
    uint32_t line = location->line;
    size_t message = wire_open(writing->out, DECODE_LOCATIONS);
    write_id(writing->out, writing->locations[ours]);
    if (location->mapping != 0) {
        wire_write_number(writing->out, 2, new_id(writing->mappings, &writing->mapping_count, location->mapping));
    }
    while (next_part(&wire, &part)) {
        if (part.field.number == 4) {
            write_line(writing, part.field.bytes, profile_line(writing->known, line++)->function);
        } else if (part.field.number > 2) {
            copy_part(writing->out, &part);
        }
    }
    wire_close(writing->out, message);
}

static void write_locations(struct writing *writing) {
    const struct input *input = writing->input;
    const uint32_t *ours = input->locations.items;
    const struct span *spans = input->tables[DECODE_LOCATIONS].items;
    for (uint32_t i = 0; i < input->locations.count; i++) {
        if (writing->locations[ours[i]] == 0) {
            continue;
        }
        write_location(writing, spans[i], ours[i]);
        writing->locations[ours[i]] = 0;
    }
}

static void write_functions(struct writing *writing) {
    const struct input *input = writing->input;
    const uint32_t *ours = input->functions.items;
    const struct span *spans = input->tables[DECODE_FUNCTIONS].items;
    for (uint32_t i = 0; i < input->functions.count; i++) {
        if (writing->functions[ours[i]] == 0) {
            continue;
        }
        write_with_id(writing, DECODE_FUNCTIONS, spans[i], writing->functions[ours[i]]);
        writing->functions[ours[i]] = 0;
        const struct function *function = profile_function(writing->known, ours[i]);
        writing->strings[function->name] = writing->strings[function->system_name] = writing->strings[function->file] = true;
    }
}

static void write_mappings(struct writing *writing) {
    const struct input *input = writing->input;
    const struct input_mapping *mappings = input->mappings.items;
    const struct span *spans = input->tables[DECODE_MAPPINGS].items;
    for (uint32_t i = 0; i < input->mappings.count; i++) {
        uint32_t ours = mappings[i].id;
        if (writing->mappings[ours] == 0) {
            continue;
        }
        write_with_id(writing, DECODE_MAPPINGS, spans[i], writing->mappings[ours]);
        writing->mappings[ours] = 0;
        writing->strings[mappings[i].content.file] = writing->strings[mappings[i].content.build_id] = true;
    }
}

static void write_texts(struct writing *writing) {
    const struct input *input = writing->input;
    const uint32_t *ours = input->strings.items;
    const struct span *spans = input->tables[DECODE_STRINGS].items;
    for (uint32_t i = 0; i < input->strings.count; i++) {
        bool used = input->unknown_fields || (ours[i] != STRING_TABLE_FULL && writing->strings[ours[i]]);
        copy_message(writing, DECODE_STRINGS, used ? spans[i] : (struct span){0});
    }
}

static void write_header(struct writing *writing, int64_t duration_ns) {
    const struct input *input = writing->input;
    struct wire_writer *out = writing->out;
    const struct span *types = input->tables[DECODE_TYPES].items, *others = input->others.items;
    for (uint32_t i = 0; i < input->tables[DECODE_TYPES].count; i++) {
        copy_message(writing, DECODE_TYPES, types[i]);
    }
    for (uint32_t i = 0; i < input->others.count; i++) {
        if (wire_reserve(out, others[i].size)) {
            memcpy(out->bytes + out->size, input->bytes + others[i].at, others[i].size);
            out->size += others[i].size;
        }
    }
    wire_write_number(out, 10, (uint64_t)duration_ns);
}

static void mark_header(struct writing *writing) {
    const struct header *header = &writing->input->header;
    const struct value_type *types = writing->input->types.items;
    bool *strings = writing->strings;
    strings[header->drop_frames] = strings[header->keep_frames] = strings[header->default_type] = strings[header->doc_url] = true;
    strings[header->period_type.type] = strings[header->period_type.unit] = true;
    for (uint32_t i = 0; i < writing->input->types.count; i++) {
        strings[types[i].type] = strings[types[i].unit] = true;
    }
    for (uint32_t i = 0; i < header->comments.count; i++) {
        strings[((const uint32_t *)header->comments.items)[i]] = true;
    }
}

static bool make_tables(struct writing *writing) {
    struct delta *delta = writing->delta;
    const struct profile *known = writing->known;
    delta->locations.count = delta->ids.count = delta->marks.count = 0;
    writing->locations = array_push(&delta->locations, known->locations.count, sizeof *writing->locations);
    writing->functions = array_push(&delta->ids, (size_t)known->functions.count + known->mappings.count, sizeof *writing->functions);
    writing->strings = array_push(&delta->marks, known->strings.strings.count, sizeof *writing->strings);
    if (!writing->locations || !writing->functions || !writing->strings) {
        return false;
    }
    writing->mappings = writing->functions + known->functions.count;
    return true;
}

bool delta_write(struct delta *delta, int64_t duration_ns) {
    const struct profile *known = delta->known;
    struct writing writing = {.delta = delta, .input = known->decoder, .known = known, .out = &delta->raw};
    if (!make_tables(&writing)) {
        return false;
    }
    if (writing.input->mappings.count > 0) { // by convention the first mapping is the main program
        new_id(writing.mappings, &writing.mapping_count, ((const struct input_mapping *)writing.input->mappings.items)->id);
    }
    writing.out->size = 0;
    writing.out->failed = false;
    mark_header(&writing);
    write_header(&writing, duration_ns);
    if (!write_samples(&writing)) {
        return false;
    }
    write_locations(&writing);
    write_mappings(&writing);
    write_functions(&writing);
    write_texts(&writing);
    return !delta->raw.failed;
}
