// totals.c: sums the values of an encoded profile (merge.h). Two passes over the top level, since the string table may come last, and C
// samples are recognized by the indices of two strings.
//
// Threads: any. Memory: per call the inflated input, and 8 bytes per sample type.
#include "merge.h"

#include "compress.h"
#include "fault.h"
#include "saturate.h"
#include "units.h"
#include "wire.h"

enum { // fields of Profile
    PROFILE_TYPE = 1,
    PROFILE_SAMPLE = 2,
    PROFILE_TEXT = 6,
    PROFILE_TIME = 9,
    PROFILE_DURATION = 10,
    PROFILE_DEFAULT_TYPE = 14,
};

struct reader {
    struct totals *totals;
    struct wire all;
    struct { // indices in the string table
        uint64_t name, unit;
    } types[TOTALS_MAX_TYPES];
    uint64_t default_type, memory, c, mmap; // 0: absent
    uint64_t saturated;
    struct merge_fault *fault;
};

static enum merge_error malformed(struct reader *reader, enum wire_result result, const uint8_t *at) {
    return fault_set(reader->fault, result == WIRE_SHORT ? MERGE_TRUNCATED : MERGE_MALFORMED, (size_t)(at - reader->all.at),
                     "not a field of a profile");
}

// Reads the numbers in fields 1 and 2 of a message.
static enum wire_result read_pair(struct wire message, uint64_t *one, uint64_t *two) {
    struct wire_field field = {0};
    while (message.at < message.end) {
        enum wire_result result = wire_next(&message, &field);
        if (result != WIRE_OK) {
            return result;
        }
        if (field.type == WIRE_VARINT && field.number == 1) {
            *one = field.value;
        }
        if (field.type == WIRE_VARINT && field.number == 2) {
            *two = field.value;
        }
    }
    return WIRE_OK;
}

static bool equals(struct wire bytes, const char *text) {
    size_t size = (size_t)(bytes.end - bytes.at);
    return size == strlen(text) && memcmp(bytes.at, text, size) == 0;
}

// ---- First pass: types, header, and the indices of "memory" and "C" ----

static enum merge_error scan(struct reader *reader) {
    struct totals *totals = reader->totals;
    struct wire wire = reader->all;
    struct wire_field field = {0};
    for (uint64_t strings = 0; wire.at < wire.end;) {
        const uint8_t *at = wire.at;
        enum wire_result result = wire_next(&wire, &field);
        if (result != WIRE_OK) {
            return malformed(reader, result, at);
        }
        bool number = field.type == WIRE_VARINT;
        if (field.number == PROFILE_TEXT && field.type == WIRE_BYTES) {
            reader->memory = equals(field.bytes, "memory") ? strings : reader->memory;
            reader->c = equals(field.bytes, "C") ? strings : reader->c;
            reader->mmap = equals(field.bytes, "mmap") ? strings : reader->mmap;
            strings++;
        } else if (field.number == PROFILE_TYPE && field.type == WIRE_BYTES) {
            if (totals->type_count == TOTALS_MAX_TYPES) {
                return fault_set(reader->fault, MERGE_TOO_LARGE, 0, "more than %d sample types", TOTALS_MAX_TYPES);
            }
            size_t type = totals->type_count++;
            result = read_pair(field.bytes, &reader->types[type].name, &reader->types[type].unit);
            if (result != WIRE_OK) {
                return malformed(reader, result, at);
            }
        } else if (field.number == PROFILE_TIME && number) {
            totals->time_ns = (int64_t)field.value;
        } else if (field.number == PROFILE_DURATION && number) {
            totals->duration_ns = (int64_t)field.value;
        } else if (field.number == PROFILE_DEFAULT_TYPE && number) {
            reader->default_type = field.value;
        }
    }
    return MERGE_OK;
}

// ---- Second pass: names and values ----

static void copy_text(char out[TOTALS_MAX_NAME], struct wire bytes) {
    size_t size = (size_t)(bytes.end - bytes.at);
    size = size < TOTALS_MAX_NAME ? size : TOTALS_MAX_NAME - 1;
    memcpy(out, bytes.at, size);
    out[size] = '\0';
}

static void take_text(struct reader *reader, uint64_t index, struct wire bytes) {
    struct totals *totals = reader->totals;
    for (size_t i = 0; i < totals->type_count; i++) {
        if (reader->types[i].name == index) {
            copy_text(totals->types[i].name, bytes);
        }
        if (reader->types[i].unit == index) {
            copy_text(totals->types[i].unit, bytes);
        }
    }
    if (reader->default_type == index) {
        copy_text(totals->default_type, bytes);
    }
}

static enum wire_result read_values(struct wire_field *field, int64_t *row, size_t *count) {
    while (field->type == WIRE_VARINT || field->bytes.at < field->bytes.end) {
        uint64_t value = field->value;
        enum wire_result result = field->type == WIRE_VARINT ? WIRE_OK : wire_varint(&field->bytes, &value);
        if (result != WIRE_OK || *count == TOTALS_MAX_TYPES) {
            return result != WIRE_OK ? result : WIRE_BAD;
        }
        row[(*count)++] = (int64_t)value;
        if (field->type == WIRE_VARINT) {
            break;
        }
    }
    return WIRE_OK;
}

static enum wire_result add_sample(struct reader *reader, struct wire sample) {
    struct totals *totals = reader->totals;
    int64_t row[TOTALS_MAX_TYPES];
    size_t count = 0;
    bool c = false, mapped = false;
    while (sample.at < sample.end) {
        struct wire_field field = {0};
        enum wire_result result = wire_next(&sample, &field);
        if (result == WIRE_OK && field.number == 2 && (field.type == WIRE_VARINT || field.type == WIRE_BYTES)) {
            result = read_values(&field, row, &count);
        }
        if (result == WIRE_OK && field.number == 3 && field.type == WIRE_BYTES && reader->memory) {
            uint64_t key = 0, text = 0;
            result = read_pair(field.bytes, &key, &text);
            c = c || (key == reader->memory && text != 0 && text == reader->c);
            mapped = mapped || (key == reader->memory && text != 0 && text == reader->mmap);
        }
        if (result != WIRE_OK) {
            return result;
        }
    }
    if (count != totals->type_count) {
        return WIRE_BAD;
    }
    totals->samples++;
    totals->c_samples += c;
    totals->mapped_samples += mapped && !c;
    for (size_t i = 0; i < count; i++) {
        totals->types[i].total = saturate_add(totals->types[i].total, row[i], &reader->saturated);
        if (c) {
            totals->types[i].c_total = saturate_add(totals->types[i].c_total, row[i], &reader->saturated);
        } else if (mapped) {
            totals->types[i].mapped_total = saturate_add(totals->types[i].mapped_total, row[i], &reader->saturated);
        }
    }
    return WIRE_OK;
}

static enum merge_error add_up(struct reader *reader) {
    struct wire wire = reader->all;
    struct wire_field field = {0};
    for (uint64_t strings = 0; wire.at < wire.end;) {
        const uint8_t *at = wire.at;
        enum wire_result result = wire_next(&wire, &field);
        if (result == WIRE_OK && field.type == WIRE_BYTES && field.number == PROFILE_TEXT) {
            take_text(reader, strings++, field.bytes);
        }
        if (result == WIRE_OK && field.type == WIRE_BYTES && field.number == PROFILE_SAMPLE) {
            result = add_sample(reader, field.bytes);
        }
        if (result != WIRE_OK) {
            return malformed(reader, result, at);
        }
    }
    return MERGE_OK;
}

// ---- All ----

enum merge_error totals_read(const void *bytes, size_t size, const struct merge_limits *limits, struct totals *totals,
                             struct merge_fault *fault) {
    struct wire_writer inflated = {0};
    *totals = (struct totals){0};
    if (fault) {
        *fault = (struct merge_fault){0};
    }
    limits = limits ? limits : &merge_default_limits;
    if (compress_kind(bytes, size) != MERGE_RAW || size > limits->input_bytes) {
        struct compress compress = {0};
        enum merge_error error = compress_inflate(&compress, bytes, size, limits, &inflated, fault);
        compress_free(&compress);
        if (error != MERGE_OK) {
            wire_free(&inflated);
            return error;
        }
        bytes = inflated.bytes;
        size = inflated.size;
    }
    struct reader reader = {.totals = totals, .all = {bytes, (const uint8_t *)bytes + size}, .fault = fault};
    enum merge_error error = size == 0 ? fault_set(fault, MERGE_TRUNCATED, 0, "empty input") : scan(&reader);
    if (error == MERGE_OK) {
        error = add_up(&reader);
    }
    wire_free(&inflated);
    return error;
}

bool totals_same_type(const struct totals_type *a, const struct totals_type *b, int64_t *scale_a, int64_t *scale_b) {
    struct units_ratio ratio = {1, 1};
    bool same = strcmp(a->name, b->name) == 0 && (strcmp(a->unit, b->unit) == 0 || units_convert(a->unit, b->unit, &ratio));
    *scale_a = ratio.a;
    *scale_b = ratio.b;
    return same;
}

const struct totals_type *totals_find(const struct totals *totals, const char *name) {
    for (size_t i = 0; i < totals->type_count; i++) {
        if (strcmp(totals->types[i].name, name) == 0) {
            return &totals->types[i];
        }
    }
    return NULL;
}
