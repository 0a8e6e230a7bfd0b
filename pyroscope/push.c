// push.c: pushes, read and written (pyroscope.h). Field numbers: push.v1 and types.v1 of Pyroscope v1.21.
#include "../merge/compress.h"
#include "../merge/fault.h"
#include "labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PUSH_SERIES = 1, SERIES_LABELS = 1, SERIES_SAMPLES = 2, PAIR_NAME = 1, PAIR_VALUE = 2, SAMPLE_PROFILE = 1, SAMPLE_ID = 2 };

// ---- Read ----

struct reading {
    pyroscope_take *take;
    void *context;
    struct merge_fault *fault;
    size_t series, profiles;
};

static enum merge_error broken(struct reading *reading, enum wire_result result) {
    return result == WIRE_SHORT ? fault_set(reading->fault, MERGE_TRUNCATED, 0, "it ends inside a field")
                                : fault_set(reading->fault, MERGE_MALFORMED, 0, "it is not protobuf");
}

static bool is_bytes(const struct wire_field *field, uint32_t number) {
    return field->number == number && field->type == WIRE_BYTES;
}

static enum merge_error read_label(struct reading *reading, struct wire pair, struct pyroscope_labels *labels) {
    struct wire name = {0}, value = {0};
    while (pair.at < pair.end) {
        struct wire_field field;
        enum wire_result result = wire_next(&pair, &field);
        if (result != WIRE_OK) {
            return broken(reading, result);
        }
        if (is_bytes(&field, PAIR_NAME)) {
            name = field.bytes;
        } else if (is_bytes(&field, PAIR_VALUE)) {
            value = field.bytes;
        }
    }
    bool ok = labels_add(labels, name.at ? (const char *)name.at : "", (size_t)(name.end - name.at), value.at ? (const char *)value.at : "",
                         (size_t)(value.end - value.at));
    return ok ? MERGE_OK : fault_set(reading->fault, MERGE_NO_MEMORY, 0, "no memory");
}

static enum merge_error read_sample(struct reading *reading, struct wire sample, const struct pyroscope_labels *labels) {
    while (sample.at < sample.end) {
        struct wire_field field;
        enum wire_result result = wire_next(&sample, &field);
        if (result != WIRE_OK) {
            return broken(reading, result);
        }
        if (!is_bytes(&field, SAMPLE_PROFILE)) {
            continue;
        }
        if (++reading->profiles > PYROSCOPE_MAX_PROFILES) {
            return fault_set(reading->fault, MERGE_TOO_LARGE, 0, "more than 250 profiles");
        }
        size_t size = (size_t)(field.bytes.end - field.bytes.at);
        enum merge_error error = reading->take(reading->context, reading->series, labels, field.bytes.at, size);
        if (error != MERGE_OK) {
            return error;
        }
    }
    return MERGE_OK;
}

// Labels first: fields may come in any order.
static enum merge_error read_series(struct reading *reading, struct wire series) {
    struct pyroscope_labels *labels = calloc(1, sizeof *labels);
    enum merge_error error = labels ? MERGE_OK : fault_set(reading->fault, MERGE_NO_MEMORY, 0, "no memory");
    for (int pass = SERIES_LABELS; error == MERGE_OK && pass <= SERIES_SAMPLES; pass++) {
        for (struct wire wire = series; error == MERGE_OK && wire.at < wire.end;) {
            struct wire_field field;
            enum wire_result result = wire_next(&wire, &field);
            if (result != WIRE_OK) {
                error = broken(reading, result);
            } else if (is_bytes(&field, (uint32_t)pass)) {
                error = pass == SERIES_LABELS ? read_label(reading, field.bytes, labels) : read_sample(reading, field.bytes, labels);
            }
        }
    }
    if (labels) {
        pyroscope_labels_free(labels);
        free(labels);
    }
    return error;
}

enum merge_error pyroscope_read_push(const void *bytes, size_t size, const struct merge_limits *limits, pyroscope_take *take, void *context,
                                     struct merge_fault *fault) {
    struct compress compress = {0};
    struct wire_writer raw = {0};
    struct reading reading = {.take = take, .context = context, .fault = fault};
    size_t others = 0;
    enum merge_error error = compress_inflate(&compress, bytes, size, limits ? limits : &merge_default_limits, &raw, fault);
    for (struct wire wire = {raw.bytes, raw.bytes + raw.size}; error == MERGE_OK && wire.at < wire.end;) {
        struct wire_field field;
        enum wire_result result = wire_next(&wire, &field);
        if (result != WIRE_OK) {
            error = broken(&reading, result);
        } else if (is_bytes(&field, PUSH_SERIES)) {
            error = read_series(&reading, field.bytes);
            reading.series++;
        } else {
            others++;
        }
    }
    if (error == MERGE_OK && others > 0 && reading.series == 0) { // newer ones may have more fields, but not without these
        error = fault_set(fault, MERGE_MALFORMED, 0, "it has a field that a push does not have, and no series");
    }
    wire_free(&raw);
    compress_free(&compress);
    return error;
}

// ---- Write ----

struct pyroscope_push {
    struct wire_writer body;
};

struct pyroscope_push *pyroscope_push_new(void) {
    return calloc(1, sizeof(struct pyroscope_push));
}

void pyroscope_push_free(struct pyroscope_push *push) {
    if (push) {
        wire_free(&push->body);
        free(push);
    }
}

void pyroscope_push_add(struct pyroscope_push *push, const struct pyroscope_pair *labels, size_t count, const char *id, const void *profile,
                        size_t size) {
    struct wire_writer *body = &push->body;
    size_t series = wire_open(body, PUSH_SERIES);
    for (size_t i = 0; i < count; i++) {
        size_t pair = wire_open(body, SERIES_LABELS);
        labels_write_name(body, PAIR_NAME, labels[i].name, strlen(labels[i].name));
        wire_write_text(body, PAIR_VALUE, labels[i].value, strlen(labels[i].value));
        wire_close(body, pair);
    }
    size_t sample = wire_open(body, SERIES_SAMPLES);
    wire_write_bytes(body, SAMPLE_PROFILE, profile, size);
    wire_write_bytes(body, SAMPLE_ID, id, strlen(id));
    wire_close(body, sample);
    wire_close(body, series);
}

bool pyroscope_push_encode(const struct pyroscope_push *push, const uint8_t **bytes, size_t *size) {
    *bytes = push->body.bytes;
    *size = push->body.size;
    return !push->body.failed;
}
