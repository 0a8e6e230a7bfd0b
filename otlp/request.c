// request.c: writes requests (otlp.h). Field numbers: opentelemetry-proto v1.10, profiles.v1development.
//
// A profile is added in two steps: its entries get their indices in the dictionary, and its samples their stacks and attributes, once; then
// one message Profile is written for each sample type, with the samples that are not 0 in it.
#include "otlp.h"

#include <stdlib.h>

#include "../merge/compress.h"
#include "../merge/version.h"
#include "adding.h"

#define SCOPE "cmemprof"

struct otlp_request {
    struct tables tables;
    struct wire_writer body; // messages ResourceProfiles
    struct wire_writer packed;
    size_t resource; // mark of the one that is open; 0: none
    // Of the samples of the profile being added: what is the same in each type, as it is sent.
    struct wire_writer heads;
    int64_t hash_since_ns; // 0: files are not hashed
    enum merge_error error;
};

// A sample that is not 0 in all types.
struct sent_sample {
    uint32_t sample;
    uint32_t head; // in heads, up to that of the next one: its stack, attributes and time
};

// Labels repeat: where a profile has many, they are few different ones, such as the sizes of blocks.
enum { SEEN_LABELS = 64 };
struct seen_label {
    struct label label;
    uint32_t attribute; // 0: none is here
};

// The profile being added.
struct sending {
    struct otlp_request *request;
    const struct profile *profile;
    struct adding adding;
    struct sent_sample *samples; // and one more, for the end of the last one
    uint32_t sample_count;
    uint32_t plain_key;           // of the last label that is no time; 0: none
    struct array by_unit, values; // struct label, struct value: of the key, and of the attribute, that is being written
    struct seen_label seen[SEEN_LABELS];
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
        wire_free(&request->heads);
        free(request);
    }
}

// ---- Samples ----

static bool is_time(struct sending *sending, const struct label *label) {
    if (label->text != 0 || label->number <= 0 || label->key == sending->plain_key) {
        return false;
    }
    bool time = strcmp(profile_string(sending->profile, label->key), "end_timestamp_ns") == 0;
    sending->plain_key = time ? sending->plain_key : label->key;
    return time;
}

// A number 0 without a unit is an empty text: pprof has one form for both.
static struct value value_of(struct sending *sending, const struct label *label) {
    bool text = label->text != 0 || (label->number == 0 && label->unit == 0);
    return text ? adding_text(&sending->adding, label->text) : (struct value){.kind = VALUE_NUMBER, .number = label->number};
}

static uint32_t attribute_of(struct sending *sending, const struct label *labels, uint32_t count) {
    sending->values.count = 0;
    struct value *values = array_push(&sending->values, count, sizeof *values);
    if (!values) {
        sending->request->tables.failed = true;
        return 0;
    }
    for (uint32_t i = 0; i < count; i++) {
        values[i] = value_of(sending, &labels[i]);
    }
    uint32_t key = adding_string(&sending->adding, labels[0].key), unit = adding_string(&sending->adding, labels[0].unit);
    return tables_attribute(&sending->request->tables, key, unit, values, count, count > 1);
}

static uint32_t attribute_of_one(struct sending *sending, const struct label *label) {
    uint64_t mixed = intern_hash_word((uint64_t)label->key << 32 | label->text, (uint64_t)label->number ^ label->unit);
    struct seen_label *seen = &sending->seen[mixed % SEEN_LABELS];
    if (seen->attribute == 0 || seen->label.key != label->key || seen->label.text != label->text || seen->label.unit != label->unit ||
        seen->label.number != label->number) {
        *seen = (struct seen_label){*label, attribute_of(sending, label, 1)};
    }
    return seen->attribute;
}

// Labels of one key are neighbours, in the order of their values.
static uint32_t count_of_key(const struct label *labels, uint32_t count) {
    uint32_t alike = 1;
    while (alike < count && labels[alike].key == labels->key) {
        alike++;
    }
    return alike;
}

static uint32_t count_of_unit(const struct label *labels, uint32_t count) {
    uint32_t alike = 1;
    while (alike < count && labels[alike].unit == labels->unit) {
        alike++;
    }
    return alike;
}

static int compare_units(const void *left, const void *right) {
    uint32_t a = ((const struct label *)left)->unit, b = ((const struct label *)right)->unit;
    return a < b ? -1 : a > b;
}

// Labels of one key with those of one unit as neighbours. NULL: no memory.
static const struct label *by_unit(struct sending *sending, const struct label *labels, uint32_t count) {
    if (count_of_unit(labels, count) == count) {
        return labels;
    }
    sending->by_unit.count = 0;
    struct label *sorted = array_push(&sending->by_unit, count, sizeof *sorted);
    if (sorted) {
        memcpy(sorted, labels, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, compare_units);
    }
    return sorted;
}

static uint8_t *put_eight(uint8_t *at, uint64_t value) {
    for (int i = 0; i < 8; i++) {
        *at++ = (uint8_t)(value >> 8 * i);
    }
    return at;
}

static void write_raw(struct wire_writer *writer, const uint8_t *bytes, size_t size) {
    if (size > 0 && wire_reserve(writer, size)) {
        memcpy(writer->bytes + writer->size, bytes, size);
        writer->size += size;
    }
}

static void write_eight(struct wire_writer *writer, uint64_t value) {
    uint8_t bytes[8];
    write_raw(writer, bytes, (size_t)(put_eight(bytes, value) - bytes));
}

// Lists are packed even if they have one number: by that readers tell the layout (layout.h).
struct head_labels {
    size_t run; // the open list of attributes; 0: none
    const struct label *time;
};

// An attribute has one unit, so labels of one key are one attribute for each unit.
static void add_labels_of_key(struct sending *sending, const struct label *labels, uint32_t count, struct head_labels *head) {
    struct wire_writer *heads = &sending->request->heads;
    labels = by_unit(sending, labels, count);
    if (!labels) {
        sending->request->tables.failed = true;
        return;
    }
    for (uint32_t at = 0, alike; at < count; at += alike) {
        alike = count_of_unit(labels + at, count - at);
        if (count == 1 && !head->time && is_time(sending, labels)) {
            head->time = labels;
            return;
        }
        uint32_t attribute = alike == 1 ? attribute_of_one(sending, &labels[at]) : attribute_of(sending, labels + at, alike);
        head->run = head->run != 0 ? head->run : wire_open(heads, 2);
        wire_write_varint(heads, attribute);
    }
}

static void add_labels(struct sending *sending, const struct sample *sample) {
    struct wire_writer *heads = &sending->request->heads;
    const struct label *labels = sample->label_count > 0 ? profile_label(sending->profile, sample->label) : NULL;
    struct head_labels head = {0};
    for (uint32_t at = 0, count; at < sample->label_count; at += count) {
        count = count_of_key(labels + at, sample->label_count - at);
        add_labels_of_key(sending, labels + at, count, &head);
    }
    if (head.run != 0) {
        wire_close(heads, head.run);
    }
    if (head.time) {
        size_t times = wire_open(heads, 5);
        write_eight(heads, (uint64_t)head.time->number);
        wire_close(heads, times);
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

// In the profile's order, in which they are in memory: in that of the samples each would be waited for.
static void add_locations(struct sending *sending) {
    const struct profile *profile = sending->profile;
    for (uint32_t i = 0; i < profile->samples.count; i++) {
        const struct sample *sample = profile_sample(profile, i);
        if (sample->ref_count == 0 || is_zero(profile_sample_values(profile, i), profile->type_count)) {
            continue;
        }
        const uint32_t *refs = profile_ref(profile, sample->ref);
        for (uint32_t r = 0; r < sample->ref_count; r++) {
            sending->adding.locations[refs[r]].size = 1; // it is used
        }
    }
    for (uint32_t id = 0; id < profile->locations.count && !sending->request->tables.failed; id++) {
        if (sending->adding.locations[id].size != 0) {
            adding_location(&sending->adding, id);
        }
    }
}

static void add_samples(struct sending *sending) {
    const struct profile *profile = sending->profile;
    add_locations(sending);
    struct wire_writer *heads = &sending->request->heads;
    heads->size = 0;
    for (uint32_t i = 0; i < profile->samples.count && !sending->request->tables.failed && !heads->failed; i++) {
        const struct sample *sample = profile_sample(profile, i);
        if (is_zero(profile_sample_values(profile, i), profile->type_count)) {
            continue;
        }
        sending->samples[sending->sample_count++] = (struct sent_sample){i, (uint32_t)heads->size};
        wire_write_number(heads, 1, adding_stack(&sending->adding, sample));
        add_labels(sending, sample);
    }
    sending->samples[sending->sample_count].head = (uint32_t)heads->size;
    sending->request->tables.failed = sending->request->tables.failed || heads->failed || heads->size > UINT32_MAX;
}

// ---- Messages ----

// In one piece: there are several for each of the profile's samples.
static void write_sample(const struct sending *sending, const struct sent_sample *sent, int64_t value) {
    enum { MOST_BESIDE_HEAD = 64 };
    struct wire_writer *writer = &sending->request->body;
    size_t head_size = sent[1].head - sent->head;
    if (!wire_reserve(writer, MOST_BESIDE_HEAD + head_size)) {
        return;
    }
    uint8_t number[10];
    size_t number_size = (size_t)(wire_put_varint(number, (uint64_t)value) - number);
    uint8_t *at = writer->bytes + writer->size;
    *at++ = 2 << 3 | WIRE_BYTES;
    at = wire_put_varint(at, head_size + 2 + number_size);
    if (head_size > 0) {
        memcpy(at, sending->request->heads.bytes + sent->head, head_size);
    }
    at += head_size;
    *at++ = 4 << 3 | WIRE_BYTES;
    *at++ = (uint8_t)number_size;
    memcpy(at, number, sizeof number); // a fixed size is a move or two
    writer->size = (size_t)(at + number_size - writer->bytes);
}

static void write_type(struct sending *sending, uint32_t number, struct value_type type) {
    struct wire_writer *writer = &sending->request->body;
    uint32_t name = adding_string(&sending->adding, type.type), unit = adding_string(&sending->adding, type.unit);
    size_t message = wire_open(writer, number);
    wire_write_number(writer, 1, name);
    wire_write_number(writer, 2, unit);
    wire_close(writer, message);
}

// The attributes of a profile's header.
static void write_header_attributes(struct sending *sending, uint32_t *indices, uint32_t *count) {
    static const char comment_key[] = "pprof.profile.comment";
    struct tables *tables = &sending->request->tables;
    const struct profile *profile = sending->profile;
    const struct {
        const char *key;
        uint32_t text;
    } texts[] = {{"pprof.profile.drop_frames", profile->drop_frames},
                 {"pprof.profile.keep_frames", profile->keep_frames},
                 {"pprof.profile.doc_url", profile->doc_url}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i].text != 0) {
            indices[(*count)++] = tables_attribute_of(tables, texts[i].key, adding_text(&sending->adding, texts[i].text));
        }
    }
    if (profile->comments.count > 0) {
        struct value *values = memory_take_zeroed(profile->comments.count, sizeof *values);
        for (uint32_t i = 0; values && i < profile->comments.count; i++) {
            values[i] = adding_text(&sending->adding, *profile_comment(profile, i));
        }
        tables->failed = tables->failed || !values;
        if (values) {
            uint32_t key = tables_string(tables, comment_key, strlen(comment_key));
            indices[(*count)++] = tables_attribute(tables, key, 0, values, profile->comments.count, true);
        }
        memory_free(values);
    }
}

static void write_profile(struct sending *sending, uint32_t column, const uint32_t *attributes, uint32_t attribute_count) {
    struct wire_writer *writer = &sending->request->body;
    const struct profile *profile = sending->profile;
    size_t message = wire_open(writer, 2);
    write_type(sending, 1, *profile_type(profile, column));
    for (uint32_t i = 0; i < sending->sample_count; i++) {
        const struct sent_sample *sent = &sending->samples[i];
        int64_t value = profile_sample_values(profile, sent->sample)[column];
        if (value != 0) {
            write_sample(sending, sent, value);
        }
    }
    if (profile->time_ns > 0) {
        wire_write_varint(writer, 3 << 3 | WIRE_FIXED64);
        write_eight(writer, (uint64_t)profile->time_ns);
    }
    wire_write_number(writer, 4, profile->duration_ns > 0 ? (uint64_t)profile->duration_ns : 0);
    write_type(sending, 5, profile->period_type);
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
    wire_write_text(writer, 1, key, strlen(key));
    size_t any = wire_open(writer, 2);
    if (text) {
        wire_write_text(writer, 1, text, strlen(text));
    } else {
        wire_write_varint(writer, 3 << 3 | WIRE_VARINT);
        wire_write_varint(writer, (uint64_t)value);
    }
    wire_close(writer, any);
    wire_close(writer, message);
}

static void write_scope(struct sending *sending, const char *file) {
    struct wire_writer *writer = &sending->request->body;
    const struct profile *profile = sending->profile;
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
    write_header_attributes(sending, attributes, &attribute_count);
    for (uint32_t column = 0; column < profile->type_count; column++) {
        write_profile(sending, column, attributes, attribute_count);
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

void otlp_hash_files(struct otlp_request *request, int64_t since_ns) {
    request->hash_since_ns = since_ns;
}

enum merge_error otlp_add(struct otlp_request *request, const char *file, struct profile *profile) {
    struct sending sending = {.request = request, .profile = profile};
    if (request->error != MERGE_OK || profile->status != MERGE_OK) {
        return request->error = request->error != MERGE_OK ? request->error : profile->status;
    }
    if (request->resource == 0) {
        otlp_begin_resource(request, NULL, 0);
    }
    sending.samples = memory_take(((size_t)profile->samples.count + 1) * sizeof *sending.samples);
    if (adding_begin(&sending.adding, &request->tables, profile, request->hash_since_ns) && sending.samples) {
        add_samples(&sending);
        write_scope(&sending, file);
    } else {
        request->tables.failed = true;
    }
    adding_end(&sending.adding);
    memory_free(sending.samples);
    array_free(&sending.by_unit);
    array_free(&sending.values);
    if (request->tables.failed || request->tables.written.failed || request->body.failed) {
        request->error = MERGE_NO_MEMORY;
    }
    return request->error;
}

// The dictionary is first: it is the larger part, and stays where it is.
static void join(struct otlp_request *request, const uint8_t **bytes, size_t *size) {
    size_t first = tables_end(&request->tables, 2);
    struct wire_writer *whole = &request->tables.written;
    write_raw(whole, request->body.bytes, request->body.size);
    request->error = request->body.failed || request->tables.failed || whole->failed ? MERGE_NO_MEMORY : MERGE_OK;
    *bytes = whole->bytes + first;
    *size = whole->size - first;
}

enum merge_error otlp_encode(struct otlp_request *request, enum merge_compression compression, const uint8_t **bytes, size_t *size) {
    const uint8_t *whole = NULL;
    size_t whole_size = 0;
    *bytes = NULL;
    *size = 0;
    close_resource(request);
    if (request->error == MERGE_OK) {
        join(request, &whole, &whole_size);
    }
    if (request->error == MERGE_OK && compression != MERGE_RAW) {
        struct compress compress = {0};
        request->error = compress_deflate(&compress, compression, 0, whole, whole_size, &request->packed);
        compress_free(&compress);
        whole = request->packed.bytes;
        whole_size = request->packed.size;
    }
    if (request->error == MERGE_OK) {
        *bytes = whole;
        *size = whole_size;
    }
    return request->error;
}
