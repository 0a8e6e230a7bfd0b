// request.c: writes requests (otlp.h). Field numbers: opentelemetry-proto v1.10, profiles.v1development.
//
// A profile is added in two steps: its entries get their indices in the dictionary, and its samples their stacks and attributes, once; then
// one message Profile is written for each sample type, with the samples that are not 0 in it.
#include "otlp.h"

#include <stdlib.h>

#include "../merge/compress.h"
#include "../merge/version.h"
#include "tables.h"

#define SCOPE "cmemprof"

struct otlp_request {
    struct tables tables;
    struct wire_writer body; // messages ResourceProfiles, then the dictionary
    struct wire_writer packed;
    size_t resource;      // mark of the one that is open; 0: none
    struct array indices; // uint32_t: attributes of samples, of the profile being added
    enum merge_error error;
};

// Of the profile being added. Entries by its ids; UINT32_MAX: not in the dictionary yet.
struct adding {
    struct otlp_request *request;
    const struct profile *profile;
    uint32_t *strings, *mappings, *functions, *locations;
    struct sent_sample *samples;
    uint32_t sample_count;
    struct array refs, lines; // of the current sample, of the current location
};
struct sent_sample {
    uint32_t sample, stack, first_index, index_count;
    bool timed;
    int64_t time_ns;
};

struct otlp_request *otlp_request_new(void) {
    struct otlp_request *request = calloc(1, sizeof *request);
    if (request && !tables_init(&request->tables)) {
        otlp_request_free(request);
        return NULL;
    }
    return request;
}

void otlp_request_free(struct otlp_request *request) {
    if (request) {
        tables_free(&request->tables);
        wire_free(&request->body);
        wire_free(&request->packed);
        array_free(&request->indices);
        free(request);
    }
}

// ---- Dictionary ----

static uint32_t string_of(struct adding *adding, uint32_t id) {
    if (adding->strings[id] == UINT32_MAX) {
        struct string text = string_table_get(&adding->profile->strings, id);
        adding->strings[id] = profile_intern_string(adding->request->tables.base, text.bytes, text.length);
    }
    return adding->strings[id];
}

static uint32_t mapping_of(struct adding *adding, uint32_t id) {
    if (adding->mappings[id] == UINT32_MAX) {
        struct mapping mapping = *profile_mapping(adding->profile, id);
        mapping.file = string_of(adding, mapping.file);
        mapping.build_id = string_of(adding, mapping.build_id);
        adding->mappings[id] = tables_mapping(&adding->request->tables, &mapping);
    }
    return adding->mappings[id];
}

static uint32_t function_of(struct adding *adding, uint32_t id) {
    if (adding->functions[id] == UINT32_MAX) {
        struct function function = *profile_function(adding->profile, id);
        function.name = string_of(adding, function.name);
        function.system_name = string_of(adding, function.system_name);
        function.file = string_of(adding, function.file);
        adding->functions[id] = profile_intern_function(adding->request->tables.base, &function);
    }
    return adding->functions[id];
}

static uint32_t location_of(struct adding *adding, uint32_t id) {
    if (adding->locations[id] == UINT32_MAX) {
        struct location location = *profile_location(adding->profile, id);
        adding->lines.count = 0;
        struct line *lines = array_push(&adding->lines, location.line_count + 1, sizeof *lines);
        if (!lines) {
            adding->request->tables.failed = true;
            return 0;
        }
        location.mapping = mapping_of(adding, location.mapping);
        for (uint32_t i = 0; i < location.line_count; i++) {
            lines[i] = *profile_line(adding->profile, location.line + i);
            lines[i].function = function_of(adding, lines[i].function);
        }
        adding->locations[id] = profile_intern_location(adding->request->tables.base, &location, lines);
    }
    return adding->locations[id];
}

// ---- Samples ----

static bool is_time(const struct adding *adding, const struct label *label) {
    return label->text == 0 && label->number > 0 && strcmp(profile_string(adding->profile, label->key), "end_timestamp_ns") == 0;
}

// Labels of one key are neighbours. A number 0 without a unit is an empty text: pprof has one form for both.
static void add_labels(struct adding *adding, const struct sample *sample, struct sent_sample *sent) {
    enum { MOST = 64 }; // of one key; more are further attributes
    struct tables *tables = &adding->request->tables;
    const struct label *labels = sample->label_count > 0 ? profile_label(adding->profile, sample->label) : NULL;
    for (uint32_t at = 0, next; at < sample->label_count; at = next) {
        struct value values[MOST];
        uint32_t count = 0;
        for (next = at;
             next < sample->label_count && labels[next].key == labels[at].key && labels[next].unit == labels[at].unit && count < MOST;
             next++) {
            bool text = labels[next].text != 0 || (labels[next].number == 0 && labels[next].unit == 0);
            values[count++] = (struct value){.kind = text ? VALUE_TEXT : VALUE_NUMBER,
                                             .text = text ? string_of(adding, labels[next].text) : 0,
                                             .number = text ? 0 : labels[next].number};
        }
        if (count == 1 && !sent->timed && is_time(adding, &labels[at])) {
            sent->timed = true;
            sent->time_ns = labels[at].number;
            continue;
        }
        uint32_t *index = array_push(&adding->request->indices, 1, sizeof *index);
        if (!index) {
            tables->failed = true;
            return;
        }
        *index = tables_attribute(tables, string_of(adding, labels[at].key), string_of(adding, labels[at].unit), values, count, count > 1);
        sent->index_count++;
    }
}

static bool is_zero(const int64_t *values, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (values[i] != 0) {
            return false;
        }
    }
    return true;
}

static void add_samples(struct adding *adding) {
    const struct profile *profile = adding->profile;
    adding->request->indices.count = 0;
    for (uint32_t i = 0; i < profile->samples.count && !adding->request->tables.failed; i++) {
        const struct sample *sample = profile_sample(profile, i);
        if (is_zero(profile_sample_values(profile, i), profile->type_count)) {
            continue;
        }
        adding->refs.count = 0;
        uint32_t *ids = array_reserve(&adding->refs, sample->ref_count + 1, sizeof *ids);
        if (!ids) {
            adding->request->tables.failed = true;
            break;
        }
        for (uint32_t r = 0; r < sample->ref_count; r++) {
            ids[r] = location_of(adding, *profile_ref(profile, sample->ref + r));
        }
        struct sent_sample *sent = &adding->samples[adding->sample_count++];
        *sent = (struct sent_sample){.sample = i, .first_index = adding->request->indices.count};
        sent->stack = tables_stack(&adding->request->tables, ids, sample->ref_count);
        add_labels(adding, sample, sent);
    }
}

// ---- Messages ----

static uint8_t *put_eight(uint8_t *at, uint64_t value) {
    for (int i = 0; i < 8; i++) {
        *at++ = (uint8_t)(value >> 8 * i);
    }
    return at;
}

static void write_raw(struct wire_writer *writer, const uint8_t *bytes, size_t size) {
    if (wire_reserve(writer, size)) {
        memcpy(writer->bytes + writer->size, bytes, size);
        writer->size += size;
    }
}

// In one piece: there are several for each of the profile's samples. Lists are packed even if they have one number: by that readers tell
// the layout (layout.h).
static void write_sample(const struct adding *adding, const struct sent_sample *sent, int64_t value) {
    enum { MOST_BESIDE_INDICES = 64 };
    struct wire_writer *writer = &adding->request->body;
    const uint32_t *indices = adding->request->indices.items; // NULL: no sample has any
    if (!wire_reserve(writer, MOST_BESIDE_INDICES + (size_t)sent->index_count * 5)) {
        return;
    }
    size_t message = wire_open(writer, 2);
    uint8_t *at = writer->bytes + writer->size;
    if (sent->stack != 0) {
        *at++ = 1 << 3 | WIRE_VARINT;
        at = wire_put_varint(at, sent->stack);
    }
    if (sent->index_count > 0) {
        writer->size = (size_t)(at - writer->bytes);
        size_t run = wire_open(writer, 2);
        at = writer->bytes + writer->size;
        for (uint32_t i = 0; i < sent->index_count; i++) {
            at = wire_put_varint(at, indices[sent->first_index + i]);
        }
        writer->size = (size_t)(at - writer->bytes);
        wire_close(writer, run);
        at = writer->bytes + writer->size;
    }
    *at++ = 4 << 3 | WIRE_BYTES;
    uint8_t *length = at++;
    at = wire_put_varint(at, (uint64_t)value);
    *length = (uint8_t)(at - length - 1);
    if (sent->timed) {
        *at++ = 5 << 3 | WIRE_BYTES;
        *at++ = 8;
        at = put_eight(at, (uint64_t)sent->time_ns);
    }
    writer->size = (size_t)(at - writer->bytes);
    wire_close(writer, message);
}

static void write_type(struct adding *adding, uint32_t number, struct value_type type) {
    struct wire_writer *writer = &adding->request->body;
    uint32_t name = string_of(adding, type.type), unit = string_of(adding, type.unit);
    size_t message = wire_open(writer, number);
    wire_write_number(writer, 1, name);
    wire_write_number(writer, 2, unit);
    wire_close(writer, message);
}

// The attributes of a profile's header.
static void write_header_attributes(struct adding *adding, uint32_t *indices, uint32_t *count) {
    struct tables *tables = &adding->request->tables;
    const struct profile *profile = adding->profile;
    const struct {
        const char *key;
        uint32_t text;
    } texts[] = {{"pprof.profile.drop_frames", profile->drop_frames},
                 {"pprof.profile.keep_frames", profile->keep_frames},
                 {"pprof.profile.doc_url", profile->doc_url}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i].text != 0) {
            indices[(*count)++] = tables_attribute_of(tables, texts[i].key, VALUE_TEXT, string_of(adding, texts[i].text));
        }
    }
    if (profile->comments.count > 0) {
        struct value *values = memory_take_zeroed(profile->comments.count, sizeof *values);
        for (uint32_t i = 0; values && i < profile->comments.count; i++) {
            values[i] = (struct value){.kind = VALUE_TEXT, .text = string_of(adding, *profile_comment(profile, i))};
        }
        tables->failed = tables->failed || !values;
        if (values) {
            indices[(*count)++] =
                tables_attribute(tables, tables_string(tables, "pprof.profile.comment"), 0, values, profile->comments.count, true);
        }
        memory_free(values);
    }
}

static void write_profile(struct adding *adding, uint32_t column, const uint32_t *attributes, uint32_t attribute_count) {
    struct wire_writer *writer = &adding->request->body;
    const struct profile *profile = adding->profile;
    size_t message = wire_open(writer, 2);
    write_type(adding, 1, *profile_type(profile, column));
    for (uint32_t i = 0; i < adding->sample_count; i++) {
        const struct sent_sample *sent = &adding->samples[i];
        int64_t value = profile_sample_values(profile, sent->sample)[column];
        if (value != 0) {
            write_sample(adding, sent, value);
        }
    }
    if (profile->time_ns > 0) {
        uint8_t time[8];
        put_eight(time, (uint64_t)profile->time_ns);
        wire_write_varint(writer, 3 << 3 | WIRE_FIXED64);
        write_raw(writer, time, sizeof time);
    }
    wire_write_number(writer, 4, profile->duration_ns > 0 ? (uint64_t)profile->duration_ns : 0);
    write_type(adding, 5, profile->period_type);
    wire_write_number(writer, 6, profile->period != 0 ? (uint64_t)profile->period : 1);
    if (attribute_count > 0) {
        size_t run = wire_open(writer, 11);
        for (uint32_t i = 0; i < attribute_count; i++) {
            wire_write_varint(writer, attributes[i]);
        }
        wire_close(writer, run);
    }
    wire_close(writer, message);
}

// KeyValue with a string: keys and values of scopes and resources are written in place, since not all readers resolve indices there.
static void write_key_value(struct wire_writer *writer, uint32_t number, const char *key, const char *text, int64_t value) {
    size_t message = wire_open(writer, number);
    tables_write_text(writer, 1, key, strlen(key));
    size_t any = wire_open(writer, 2);
    if (text) {
        tables_write_text(writer, 1, text, strlen(text));
    } else {
        wire_write_varint(writer, 3 << 3 | WIRE_VARINT);
        wire_write_varint(writer, (uint64_t)value);
    }
    wire_close(writer, any);
    wire_close(writer, message);
}

static void write_scope(struct adding *adding, const char *file) {
    struct wire_writer *writer = &adding->request->body;
    const struct profile *profile = adding->profile;
    uint32_t attributes[8], attribute_count = 0;
    size_t message = wire_open(writer, 2), scope = wire_open(writer, 1);
    wire_write_bytes(writer, 1, SCOPE, strlen(SCOPE));
    wire_write_bytes(writer, 2, CMEMPROF_VERSION, strlen(CMEMPROF_VERSION));
    if (file && *file) {
        write_key_value(writer, 3, "cmemprof.file", file, 0);
    }
    if (profile->default_type != 0) {
        write_key_value(writer, 3, "pprof.scope.default_sample_type", profile_string(profile, profile->default_type), 0);
    }
    wire_close(writer, scope);
    write_header_attributes(adding, attributes, &attribute_count);
    for (uint32_t column = 0; column < profile->type_count; column++) {
        write_profile(adding, column, attributes, attribute_count);
    }
    wire_close(writer, message);
}

// ---- Request ----

static void close_resource(struct otlp_request *request) {
    if (request->resource != 0) {
        wire_close(&request->body, request->resource);
        request->resource = 0;
    }
}

void otlp_begin_resource(struct otlp_request *request, const struct otlp_attribute *attributes, size_t count) {
    struct wire_writer *writer = &request->body;
    close_resource(request);
    request->resource = wire_open(writer, 1);
    size_t resource = wire_open(writer, 1);
    for (size_t i = 0; i < count; i++) {
        write_key_value(writer, 1, attributes[i].key, attributes[i].text, attributes[i].number);
    }
    wire_close(writer, resource);
}

static uint32_t *unset(uint32_t count) {
    uint32_t *ids = memory_take(((size_t)count + 1) * sizeof *ids);
    if (ids) {
        memset(ids, 0xff, ((size_t)count + 1) * sizeof *ids);
        ids[0] = 0;
    }
    return ids;
}

enum merge_error otlp_add(struct otlp_request *request, const char *file, struct profile *profile) {
    struct adding adding = {.request = request, .profile = profile};
    if (request->error != MERGE_OK || profile->status != MERGE_OK) {
        return request->error = request->error != MERGE_OK ? request->error : profile->status;
    }
    if (request->resource == 0) {
        otlp_begin_resource(request, NULL, 0);
    }
    adding.strings = unset(profile->strings.strings.count);
    adding.mappings = unset(profile->mappings.count);
    adding.functions = unset(profile->functions.count);
    adding.locations = unset(profile->locations.count);
    adding.samples = memory_take(((size_t)profile->samples.count + 1) * sizeof *adding.samples);
    if (adding.strings && adding.mappings && adding.functions && adding.locations && adding.samples) {
        add_samples(&adding);
        write_scope(&adding, file);
    } else {
        request->tables.failed = true;
    }
    memory_free(adding.strings);
    memory_free(adding.mappings);
    memory_free(adding.functions);
    memory_free(adding.locations);
    memory_free(adding.samples);
    array_free(&adding.refs);
    array_free(&adding.lines);
    if (request->tables.failed || request->body.failed || request->tables.base->status != MERGE_OK) {
        request->error = MERGE_NO_MEMORY;
    }
    return request->error;
}

enum merge_error otlp_encode(struct otlp_request *request, enum merge_compression compression, const uint8_t **bytes, size_t *size) {
    struct wire_writer *result = compression == MERGE_RAW ? &request->body : &request->packed;
    *bytes = NULL;
    *size = 0;
    close_resource(request);
    if (request->error == MERGE_OK) {
        tables_write(&request->tables, &request->body, 2);
        request->error = request->body.failed || request->tables.failed ? MERGE_NO_MEMORY : MERGE_OK;
    }
    if (request->error == MERGE_OK && compression != MERGE_RAW) {
        struct compress compress = {0};
        request->error = compress_deflate(&compress, compression, 0, request->body.bytes, request->body.size, result);
        compress_free(&compress);
    }
    if (request->error == MERGE_OK) {
        *bytes = result->bytes;
        *size = result->size;
    }
    return request->error;
}
