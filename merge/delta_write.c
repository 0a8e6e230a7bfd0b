// delta_write.c: writes the delta out of the new profile's bytes: copies the messages that are used and writes the values anew.
//
// A sample that is not all zeros marks its locations and labels, those mark functions and mappings, and all mark strings: in terms of
// `known`, so one bit pattern serves whatever ids the profile has. Strings that nothing uses become empty, so that indices stay; if there
// is a field that this code does not know all strings stay, since it may name one. Threads, memory: as delta.h; marks are one byte an
// entry.
#include "delta.h"

struct writing {
    struct delta *delta;
    const struct input *input;
    const struct profile *known;
    struct wire_writer *out;
    bool *locations, *functions, *mappings, *texts;
};

// Whole messages of one kind, all or those that are marked.
static void copy_message(struct writing *writing, uint32_t field, struct span span) {
    struct wire_writer *out = writing->out;
    if (!wire_room(out, (size_t)span.size + 16))
        return;
    uint8_t *at = out->bytes + out->size;
    *at++ = (uint8_t)(field << 3 | WIRE_BYTES);
    at = wire_put_varint(at, span.size);
    if (span.size > 0)
        memcpy(at, writing->input->bytes + span.at, span.size);
    out->size = (size_t)(at - out->bytes) + span.size;
}

// ---- Samples ----

static void mark_sample(struct writing *writing, uint32_t index) {
    const struct profile *known = writing->known;
    const struct sample *sample = profile_sample(known, index);
    for (uint32_t i = 0; i < sample->ref_count; i++)
        writing->locations[*profile_ref(known, sample->ref + i)] = true;
    for (uint32_t i = 0; i < sample->label_count; i++) {
        const struct label *label = profile_label(known, sample->label + i);
        writing->texts[label->key] = writing->texts[label->text] = writing->texts[label->unit] = true;
    }
}

// The message without its values, and the new ones.
static void write_sample(struct writing *writing, struct span span, const int64_t *row) {
    struct wire_writer *out = writing->out;
    uint32_t types = writing->known->type_count;
    const uint32_t *value_at = writing->input->value_at.items;
    if (!wire_room(out, (size_t)span.size + (size_t)types * 10 + 32))
        return;
    size_t message = wire_open(out, 2);
    struct wire wire = {writing->input->bytes + span.at, writing->input->bytes + span.at + span.size};
    uint8_t *to = out->bytes + out->size;
    while (wire.at < wire.end) {
        const uint8_t *from = wire.at;
        struct wire_field field;
        if (wire_next(&wire, &field) != WIRE_OK) // it has been read before
            break;
        if (field.number == 2)
            continue;
        memcpy(to, from, (size_t)(wire.at - from));
        to += wire.at - from;
    }
    uint8_t values[10 * 64], *value = values, *end = to;
    if (types <= 64) {
        for (uint32_t i = 0; i < types; i++)
            value = wire_put_varint(value, (uint64_t)row[value_at[i]]);
        *end++ = 2 << 3 | WIRE_BYTES;
        end = wire_put_varint(end, (uint64_t)(value - values));
        memcpy(end, values, (size_t)(value - values));
        end += value - values;
        out->size = (size_t)(end - out->bytes);
    } else { // one by one
        out->size = (size_t)(end - out->bytes);
        size_t run = wire_open(out, 2);
        for (uint32_t i = 0; i < types; i++)
            wire_write_varint(out, (uint64_t)row[value_at[i]]);
        wire_close(out, run);
    }
    wire_close(out, message);
}

// Where the order of the samples is not that of `known` these are far apart, and waiting for each would take longer than all the rest.
static void fetch_samples(const struct writing *writing, uint32_t index) {
    const struct delta *delta = writing->delta;
    const uint32_t *ours = writing->input->samples.items;
    uint32_t count = writing->input->samples.count, types = writing->known->type_count;
    if (index + FETCH_AHEAD < count)
        profile_fetch_sample(writing->known, ours[index + FETCH_AHEAD]);
    if (index + 2 * FETCH_AHEAD < count) {
        uint32_t ahead = ours[index + 2 * FETCH_AHEAD];
        __builtin_prefetch(profile_sample(writing->known, ahead));
        __builtin_prefetch((const int64_t *)delta->current.items + (size_t)ahead * types);
        __builtin_prefetch((const int64_t *)delta->last.items + (size_t)ahead * types);
    }
}

// A sample that comes twice was added up, and is written where it comes first.
static bool write_samples(struct writing *writing) {
    struct delta *delta = writing->delta;
    const struct input *input = writing->input;
    const uint32_t *ours = input->samples.items;
    const struct span *spans = input->tables[DECODE_SAMPLES].items;
    bool *seen = delta->seen.items;
    int64_t few[64], *row = few;
    if (writing->known->type_count > 64 && !(row = malloc(writing->known->type_count * sizeof *row)))
        return false;
    for (uint32_t i = 0; i < input->samples.count; i++) {
        fetch_samples(writing, i);
        if (seen[ours[i]])
            continue;
        seen[ours[i]] = true;
        if (!delta_row(delta, ours[i], row))
            continue;
        mark_sample(writing, ours[i]);
        write_sample(writing, spans[i], row);
    }
    if (row != few)
        free(row);
    return true;
}

// ---- Tables ----

static void write_locations(struct writing *writing) {
    const struct input *input = writing->input;
    const uint32_t *ours = input->locations.items;
    const struct span *spans = input->tables[DECODE_LOCATIONS].items;
    for (uint32_t i = 0; i < input->locations.count; i++) {
        if (!writing->locations[ours[i]])
            continue;
        copy_message(writing, DECODE_LOCATIONS, spans[i]);
        const struct location *location = profile_location(writing->known, ours[i]);
        writing->mappings[location->mapping] = true;
        for (uint32_t line = 0; line < location->line_count; line++)
            writing->functions[profile_line(writing->known, location->line + line)->function] = true;
    }
}

static void write_functions(struct writing *writing) {
    const struct input *input = writing->input;
    const uint32_t *ours = input->functions.items;
    const struct span *spans = input->tables[DECODE_FUNCTIONS].items;
    for (uint32_t i = 0; i < input->functions.count; i++) {
        if (!writing->functions[ours[i]])
            continue;
        copy_message(writing, DECODE_FUNCTIONS, spans[i]);
        const struct function *function = profile_function(writing->known, ours[i]);
        writing->texts[function->name] = writing->texts[function->system_name] = writing->texts[function->file] = true;
    }
}

// The first one stays, by custom it is the main program.
static void write_mappings(struct writing *writing) {
    const struct input *input = writing->input;
    const struct input_mapping *mappings = input->mappings.items;
    const struct span *spans = input->tables[DECODE_MAPPINGS].items;
    for (uint32_t i = 0; i < input->mappings.count; i++) {
        if (i > 0 && !writing->mappings[mappings[i].id])
            continue;
        copy_message(writing, DECODE_MAPPINGS, spans[i]);
        writing->texts[mappings[i].content.file] = writing->texts[mappings[i].content.build_id] = true;
    }
}

static void write_texts(struct writing *writing) {
    const struct input *input = writing->input;
    const uint32_t *ours = input->texts.items;
    const struct span *spans = input->tables[DECODE_TEXTS].items;
    for (uint32_t i = 0; i < input->texts.count; i++) {
        bool used = input->unknown_fields || (ours[i] != TEXT_TABLE_FULL && writing->texts[ours[i]]);
        copy_message(writing, DECODE_TEXTS, used ? spans[i] : (struct span){0});
    }
}

static void write_header(struct writing *writing, int64_t duration_ns) {
    const struct input *input = writing->input;
    struct wire_writer *out = writing->out;
    const struct span *types = input->tables[DECODE_TYPES].items, *others = input->others.items;
    for (uint32_t i = 0; i < input->tables[DECODE_TYPES].count; i++)
        copy_message(writing, DECODE_TYPES, types[i]);
    for (uint32_t i = 0; i < input->others.count; i++) {
        if (wire_room(out, others[i].size)) {
            memcpy(out->bytes + out->size, input->bytes + others[i].at, others[i].size);
            out->size += others[i].size;
        }
    }
    wire_write_number(out, 10, (uint64_t)duration_ns);
}

static void mark_header(struct writing *writing) {
    const struct header *header = &writing->input->header;
    const struct value_type *types = writing->input->types.items;
    bool *texts = writing->texts;
    texts[header->drop_frames] = texts[header->keep_frames] = texts[header->default_type] = texts[header->doc_url] = true;
    texts[header->period_type.type] = texts[header->period_type.unit] = true;
    for (uint32_t i = 0; i < writing->input->types.count; i++)
        texts[types[i].type] = texts[types[i].unit] = true;
    for (uint32_t i = 0; i < header->comments.count; i++)
        texts[((const uint32_t *)header->comments.items)[i]] = true;
}

bool delta_write(struct delta *delta, int64_t duration_ns) {
    const struct profile *known = delta->known;
    struct writing writing = {.delta = delta, .input = known->decoder, .known = known, .out = &delta->raw};
    delta->marks.count = 0;
    size_t marks = (size_t)known->locations.count + known->functions.count + known->mappings.count + known->texts.texts.count;
    writing.locations = array_push(&delta->marks, marks, sizeof(bool));
    if (!writing.locations)
        return false;
    writing.functions = writing.locations + known->locations.count;
    writing.mappings = writing.functions + known->functions.count;
    writing.texts = writing.mappings + known->mappings.count;
    writing.out->size = 0;
    writing.out->failed = false;
    mark_header(&writing);
    write_header(&writing, duration_ns);
    if (!write_samples(&writing))
        return false;
    write_locations(&writing);
    write_mappings(&writing);
    write_functions(&writing);
    write_texts(&writing);
    return !delta->raw.failed;
}
