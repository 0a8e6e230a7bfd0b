// encode.c: writes a struct profile as profile.proto, without samples that are all zeros and entries that only they use.
//
// Two passes: the first marks the locations, functions and mappings in use and renumbers them in order; the second
// writes. The first mapping stays first even if it is unused: by convention it is the main program. Strings get their index at their first
// use, so the string table is written after the messages that refer to strings, and before the header's numbers.
// Threads, memory: as merge.h; 4 bytes per string, location, function and mapping.
#include "compress.h"
#include "profile.h"
#include "wire.h"

struct output {
    const struct profile *profile;
    struct wire_writer *writer;
    uint32_t *mappings, *functions, *locations; // new id; 0: unused; while marking, 1: in use
    uint32_t *strings;                          // index of each string in the string table; 0: none yet (except string 0)
    struct array text_order;                    // uint32_t strings, in table order
    bool failed;                                // no memory
};

static uint32_t text_index(struct output *output, uint32_t text) {
    if (text == 0 || output->strings[text] != 0) {
        return output->strings[text];
    }
    uint32_t *entry = array_push(&output->text_order, 1, sizeof *entry);
    if (!entry) {
        output->failed = true;
        return 0;
    }
    *entry = text;
    return output->strings[text] = output->text_order.count; // index 0 is ""
}

static bool is_zero(const struct profile *profile, uint32_t sample) {
    const int64_t *values = profile_sample_values(profile, sample);
    for (uint32_t i = 0; i < profile->type_count; i++) {
        if (values[i] != 0) {
            return false;
        }
    }
    return true;
}

// ---- Mark ----

static void mark_location(struct output *output, uint32_t id) {
    if (output->locations[id] != 0) {
        return;
    }
    output->locations[id] = 1;
    const struct location *location = profile_location(output->profile, id);
    output->mappings[location->mapping] = 1;
    for (uint32_t i = 0; i < location->line_count; i++) {
        output->functions[profile_line(output->profile, location->line + i)->function] = 1;
    }
}

// Replaces marks by ids, in order of insertion.
static void number(uint32_t *marks, uint32_t count) {
    uint32_t next = 0;
    marks[0] = 0;
    for (uint32_t id = 1; id < count; id++) {
        if (marks[id] != 0) {
            marks[id] = ++next;
        }
    }
}

static void mark(struct output *output) {
    const struct profile *profile = output->profile;
    for (uint32_t i = 0; i < profile->samples.count; i++) {
        if (is_zero(profile, i)) {
            continue;
        }
        const struct sample *sample = profile_sample(profile, i);
        for (uint32_t r = 0; r < sample->ref_count; r++) {
            mark_location(output, *profile_ref(profile, sample->ref + r));
        }
    }
    if (profile->mappings.count > 1) {
        output->mappings[1] = 1;
    }
    number(output->mappings, profile->mappings.count);
    number(output->functions, profile->functions.count);
    number(output->locations, profile->locations.count);
}

// ---- Write ----

static void write_value_type(struct output *output, uint32_t field, struct value_type type) {
    size_t message = wire_open(output->writer, field);
    wire_write_number(output->writer, 1, text_index(output, type.type));
    wire_write_number(output->writer, 2, text_index(output, type.unit));
    wire_close(output->writer, message);
}

static void write_refs(struct output *output, const struct sample *sample) {
    struct wire_writer *writer = output->writer;
    if (sample->ref_count == 0) {
        return;
    }
    size_t run = wire_open(writer, 1);
    if (!wire_reserve(writer, (size_t)sample->ref_count * 5)) {
        return;
    }
    uint8_t *at = writer->bytes + writer->size;
    for (uint32_t i = 0; i < sample->ref_count; i++) {
        at = wire_put_varint(at, output->locations[*profile_ref(output->profile, sample->ref + i)]);
    }
    writer->size = (size_t)(at - writer->bytes);
    wire_close(writer, run);
}

static void write_row(struct wire_writer *writer, const int64_t *values, uint32_t count) {
    size_t run = wire_open(writer, 2);
    for (uint32_t i = 0; i < count; i++) {
        wire_write_varint(writer, (uint64_t)values[i]);
    }
    wire_close(writer, run);
}

static void write_label(struct output *output, const struct label *label) {
    struct wire_writer *writer = output->writer;
    size_t message = wire_open(writer, 3);
    wire_write_number(writer, 1, text_index(output, label->key));
    wire_write_number(writer, 2, text_index(output, label->text));
    wire_write_number(writer, 3, (uint64_t)label->number);
    wire_write_number(writer, 4, text_index(output, label->unit));
    wire_close(writer, message);
}

static void write_sample(struct output *output, uint32_t index) {
    struct wire_writer *writer = output->writer;
    const struct sample *sample = profile_sample(output->profile, index);
    size_t message = wire_open(writer, 2);
    write_refs(output, sample);
    write_row(writer, profile_sample_values(output->profile, index), output->profile->type_count);
    for (uint32_t i = 0; i < sample->label_count; i++) {
        write_label(output, profile_label(output->profile, sample->label + i));
    }
    wire_close(writer, message);
}

static void write_mapping(struct output *output, uint32_t id) {
    struct wire_writer *writer = output->writer;
    const struct mapping *mapping = profile_mapping(output->profile, id);
    size_t message = wire_open(writer, 3);
    wire_write_number(writer, 1, output->mappings[id]);
    wire_write_number(writer, 2, mapping->start);
    wire_write_number(writer, 3, mapping->limit);
    wire_write_number(writer, 4, mapping->offset);
    wire_write_number(writer, 5, text_index(output, mapping->file));
    wire_write_number(writer, 6, text_index(output, mapping->build_id));
    for (uint32_t flag = 0; flag < 4; flag++) {
        wire_write_number(writer, 7 + flag, mapping->flags >> flag & 1);
    }
    wire_close(writer, message);
}

static void write_location(struct output *output, uint32_t id) {
    struct wire_writer *writer = output->writer;
    const struct location *location = profile_location(output->profile, id);
    size_t message = wire_open(writer, 4);
    wire_write_number(writer, 1, output->locations[id]);
    wire_write_number(writer, 2, output->mappings[location->mapping]);
    wire_write_number(writer, 3, location->address);
    for (uint32_t i = 0; i < location->line_count; i++) {
        const struct line *line = profile_line(output->profile, location->line + i);
        size_t inner = wire_open(writer, 4);
        wire_write_number(writer, 1, output->functions[line->function]);
        wire_write_number(writer, 2, (uint64_t)line->line);
        wire_write_number(writer, 3, (uint64_t)line->column);
        wire_close(writer, inner);
    }
    wire_write_number(writer, 5, location->folded);
    wire_close(writer, message);
}

static void write_function(struct output *output, uint32_t id) {
    struct wire_writer *writer = output->writer;
    const struct function *function = profile_function(output->profile, id);
    size_t message = wire_open(writer, 5);
    wire_write_number(writer, 1, output->functions[id]);
    wire_write_number(writer, 2, text_index(output, function->name));
    wire_write_number(writer, 3, text_index(output, function->system_name));
    wire_write_number(writer, 4, text_index(output, function->file));
    wire_write_number(writer, 5, (uint64_t)function->start_line);
    wire_close(writer, message);
}

static void write_samples(struct output *output) {
    for (uint32_t i = 0; i < output->profile->samples.count; i++) {
        if (!is_zero(output->profile, i)) {
            write_sample(output, i);
        }
    }
}

static void write_tables(struct output *output) {
    const struct profile *profile = output->profile;
    for (uint32_t id = 1; id < profile->mappings.count; id++) {
        if (output->mappings[id] != 0) {
            write_mapping(output, id);
        }
    }
    for (uint32_t id = 1; id < profile->locations.count; id++) {
        if (output->locations[id] != 0) {
            write_location(output, id);
        }
    }
    for (uint32_t id = 1; id < profile->functions.count; id++) {
        if (output->functions[id] != 0) {
            write_function(output, id);
        }
    }
}

static void write_string_table(struct output *output) {
    wire_write_bytes(output->writer, 6, "", 0);
    for (uint32_t i = 0; i < output->text_order.count; i++) {
        struct string text = string_table_get(&output->profile->strings, ((const uint32_t *)output->text_order.items)[i]);
        wire_write_bytes(output->writer, 6, text.bytes, text.length);
    }
}

static void write_header(struct output *output) {
    const struct profile *profile = output->profile;
    struct wire_writer *writer = output->writer;
    wire_write_number(writer, 7, text_index(output, profile->drop_frames));
    wire_write_number(writer, 8, text_index(output, profile->keep_frames));
    wire_write_number(writer, 9, (uint64_t)profile->time_ns);
    wire_write_number(writer, 10, (uint64_t)profile->duration_ns);
    if (profile->period_type.type != 0 || profile->period_type.unit != 0) {
        write_value_type(output, 11, profile->period_type);
    }
    wire_write_number(writer, 12, (uint64_t)profile->period);
    if (profile->comments.count > 0) {
        size_t run = wire_open(writer, 13);
        for (uint32_t i = 0; i < profile->comments.count; i++) {
            wire_write_varint(writer, text_index(output, *profile_comment(profile, i)));
        }
        wire_close(writer, run);
    }
    wire_write_number(writer, 14, text_index(output, profile->default_type));
    wire_write_number(writer, 15, text_index(output, profile->doc_url));
}

// ---- Samples from a source ----

// Which entries the samples will use is unknown, so every entry is written, with its own id.
static void keep_all(struct output *output) {
    const struct profile *profile = output->profile;
    for (uint32_t id = 1; id < profile->mappings.count; id++) {
        output->mappings[id] = id;
    }
    for (uint32_t id = 1; id < profile->functions.count; id++) {
        output->functions[id] = id;
    }
    for (uint32_t id = 1; id < profile->locations.count; id++) {
        output->locations[id] = id;
    }
}

// The encoded labels of samples; number n is between ends[n] and ends[n + 1].
struct label_bytes {
    struct wire_writer bytes;
    size_t count, *ends;
};

static bool write_labels(struct output *output, const struct label *labels, struct label_bytes *written) {
    struct wire_writer *out = output->writer;
    written->ends = memory_take_zeroed(written->count + 1, sizeof *written->ends);
    if (!written->ends) {
        return false;
    }
    output->writer = &written->bytes;
    for (size_t i = 0; i < written->count; i++) {
        write_label(output, &labels[i]);
        written->ends[i + 1] = written->bytes.size;
    }
    output->writer = out;
    return !written->bytes.failed && !output->failed;
}

static bool is_part(size_t first, size_t count, size_t of) {
    return first <= of && count <= of - first;
}

static bool fits(const struct profile *profile, const struct profile_source_sample *sample, size_t label_count) {
    for (size_t i = 0; i < sample->location_count; i++) {
        if (sample->locations[i] == 0 || sample->locations[i] >= profile->locations.count) {
            return false;
        }
    }
    return sample->location_count <= UINT32_MAX / 16 && is_part(sample->first_label, sample->label_count, label_count) &&
           is_part(sample->first_more, sample->more_count, label_count);
}

static size_t part_size(const struct label_bytes *labels, size_t first, size_t count) {
    return labels->ends[first + count] - labels->ends[first];
}

static void put_labels(struct wire_writer *writer, const struct label_bytes *labels, size_t first, size_t count) {
    size_t size = part_size(labels, first, count);
    if (labels->bytes.bytes) { // else all are empty
        memcpy(writer->bytes + writer->size, labels->bytes.bytes + labels->ends[first], size);
    }
    writer->size += size;
}

static void write_source_sample(struct output *output, const struct profile_source_sample *sample, const struct label_bytes *labels) {
    struct wire_writer *writer = output->writer;
    uint32_t types = output->profile->type_count;
    size_t label_size =
        part_size(labels, sample->first_label, sample->label_count) + part_size(labels, sample->first_more, sample->more_count);
    // Reserves the maximum size of the sample, so that the writes below need no check.
    if (!wire_reserve(writer, 64 + sample->location_count * 5 + types * 10 + label_size)) {
        return;
    }
    size_t message = wire_open(writer, 2);
    if (sample->location_count > 0) {
        size_t run = wire_open(writer, 1);
        uint8_t *at = writer->bytes + writer->size;
        for (size_t i = 0; i < sample->location_count; i++) {
            at = wire_put_varint(at, sample->locations[i]);
        }
        writer->size = (size_t)(at - writer->bytes);
        wire_close(writer, run);
    }
    write_row(writer, sample->values, types);
    put_labels(writer, labels, sample->first_label, sample->label_count);
    put_labels(writer, labels, sample->first_more, sample->more_count);
    wire_close(writer, message);
}

static enum merge_error write_source(struct output *output, const struct profile_sample_source *source, const struct label_bytes *labels) {
    struct profile_source_sample sample;
    while (!output->writer->failed && source->next(source->context, &sample)) {
        if (!fits(output->profile, &sample, labels->count)) {
            return MERGE_MALFORMED;
        }
        write_source_sample(output, &sample, labels);
    }
    return MERGE_OK;
}

// ---- All ----

static void write_types(struct output *output) {
    for (uint32_t i = 0; i < output->profile->type_count; i++) {
        write_value_type(output, 1, *profile_type(output->profile, i));
    }
}

static bool make_tables(struct output *output) {
    const struct profile *profile = output->profile;
    output->mappings = memory_take_zeroed(profile->mappings.count, sizeof(uint32_t));
    output->functions = memory_take_zeroed(profile->functions.count, sizeof(uint32_t));
    output->locations = memory_take_zeroed(profile->locations.count, sizeof(uint32_t));
    output->strings = memory_take_zeroed(profile->strings.strings.count, sizeof(uint32_t));
    return output->mappings && output->functions && output->locations && output->strings;
}

static void free_tables(struct output *output) {
    memory_free(output->mappings);
    memory_free(output->functions);
    memory_free(output->locations);
    memory_free(output->strings);
    array_free(&output->text_order);
}

// The header is written twice: the first pass assigns string indices and is discarded.
static bool write_end(struct output *output) {
    write_tables(output);
    size_t size = output->writer->size;
    write_header(output);
    output->writer->size = size;
    write_string_table(output);
    write_header(output);
    return !output->failed && !output->writer->failed;
}

static bool write_all(struct output *output) {
    if (!make_tables(output)) {
        return false;
    }
    mark(output);
    write_types(output);
    write_samples(output);
    return write_end(output);
}

bool encode_raw(const struct profile *profile, struct wire_writer *writer) {
    writer->size = 0;
    writer->failed = false;
    struct output output = {.profile = profile, .writer = writer};
    bool whole = write_all(&output);
    free_tables(&output);
    return whole;
}

static enum merge_error write_all_of(struct output *output, const struct profile_sample_source *source, const struct label *labels) {
    struct label_bytes label_bytes = {.count = source->label_count};
    if (!make_tables(output)) {
        return MERGE_NO_MEMORY;
    }
    keep_all(output);
    write_types(output);
    enum merge_error error = write_labels(output, labels, &label_bytes) ? MERGE_OK : MERGE_NO_MEMORY;
    if (error == MERGE_OK) {
        error = write_source(output, source, &label_bytes);
    }
    wire_free(&label_bytes.bytes);
    memory_free(label_bytes.ends);
    if (error == MERGE_OK && !write_end(output)) {
        error = MERGE_NO_MEMORY;
    }
    return error;
}

enum merge_error profile_encode_source(struct profile *profile, const struct profile_sample_source *source, size_t *size) {
    struct label *labels = memory_take_zeroed(source->label_count + 1, sizeof *labels);
    struct wire_writer writer = {.resize = source->resize, .context = source->context};
    struct output output = {.profile = profile, .writer = &writer};
    *size = 0;
    if (!labels) {
        return MERGE_NO_MEMORY;
    }
    for (size_t i = 0; i < source->label_count; i++) {
        labels[i] = profile_label_of(profile, &source->labels[i]);
    }
    enum merge_error error = profile->status;
    if (error == MERGE_OK) {
        error = write_all_of(&output, source, labels);
        free_tables(&output);
        *size = writer.size;
    }
    memory_free(labels);
    return error;
}

enum merge_error encode_packed(const struct profile *profile, enum merge_compression compression, int level, struct wire_writer *out) {
    if (profile->status != MERGE_OK) {
        return profile->status;
    }
    if (compression == MERGE_RAW) {
        return encode_raw(profile, out) ? MERGE_OK : MERGE_NO_MEMORY;
    }
    struct wire_writer raw = {0};
    struct compress compress = {0};
    enum merge_error error = encode_raw(profile, &raw) ? MERGE_OK : MERGE_NO_MEMORY;
    if (error == MERGE_OK) {
        error = compress_deflate(&compress, compression, level, raw.bytes, raw.size, out);
    }
    compress_free(&compress);
    wire_free(&raw);
    return error;
}

enum merge_error profile_encode_level(struct profile *profile, enum merge_compression compression, int level, uint8_t **bytes,
                                      size_t *size) {
    *bytes = NULL;
    *size = 0;
    struct wire_writer out = {0};
    enum merge_error error = encode_packed(profile, compression, level, &out);
    if (error == MERGE_OK) {
        return wire_hand_over(&out, bytes, size) ? MERGE_OK : MERGE_NO_MEMORY;
    }
    wire_free(&out);
    return error;
}

enum merge_error profile_encode(struct profile *profile, enum merge_compression compression, uint8_t **bytes, size_t *size) {
    return profile_encode_level(profile, compression, 0, bytes, size);
}

enum merge_error profile_encode_into(struct profile *profile, uint8_t *(*resize)(void *context, size_t capacity), void *context,
                                     size_t *size) {
    struct wire_writer writer = {.resize = resize, .context = context};
    enum merge_error error = encode_packed(profile, MERGE_RAW, 0, &writer);
    *size = writer.size;
    return error;
}
