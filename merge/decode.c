// decode.c: reads an encoded profile into a struct profile: the scan, the header, the sample types. See decode.h for the way it goes.
//
// Threads and memory: as merge.h. Nothing of the input is trusted; what is wrong is told with its offset.
#include "decode.h"

#include "compress.h"
#include "saturate.h"

#include <stdarg.h>
#include <stdio.h>

// ---- One message ----

struct cursor cursor_open(struct input *input, int table, const char *noun, uint32_t index) {
    struct cursor cursor = {.input = input, .noun = noun, .index = index};
    // The scan has seen that the length is good.
    cursor.wire.at = input->bytes + ((const uint32_t *)input->tables[table].items)[index];
    cursor.wire.end = input->end;
    uint64_t size = 0;
    wire_varint(&cursor.wire, &size);
    cursor.wire.end = cursor.wire.at + size;
    return cursor;
}

bool cursor_fail(struct cursor *cursor, enum merge_error error, const char *format, ...) {
    char text[sizeof((struct merge_fault *)NULL)->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    cursor->error = fault_set(cursor->input->fault, error, (size_t)(cursor->wire.at - cursor->input->bytes), "%s %u: %s", cursor->noun,
                              cursor->index, text);
    return false;
}

bool cursor_next(struct cursor *cursor) {
    if (cursor->error != MERGE_OK || cursor->wire.at == cursor->wire.end)
        return false;
    enum wire_result result = wire_next(&cursor->wire, &cursor->field);
    if (result == WIRE_OK)
        return true;
    return cursor_fail(cursor, MERGE_MALFORMED, result == WIRE_SHORT ? "a field is longer than its message" : "bad tag or varint");
}

uint64_t cursor_number(struct cursor *cursor) {
    if (cursor->field.type == WIRE_VARINT)
        return cursor->field.value;
    cursor_fail(cursor, MERGE_MALFORMED, "field %u is not a number", cursor->field.number);
    return 0;
}

uint32_t cursor_text_at(struct cursor *cursor, uint64_t index) {
    struct input *input = cursor->input;
    if (index >= input->tables[DECODE_TEXTS].count) {
        cursor_fail(cursor, MERGE_MALFORMED, "string %llu of %u does not exist", (unsigned long long)index,
                    input->tables[DECODE_TEXTS].count);
        return 0;
    }
    if (input->texts[index] != TEXT_TABLE_FULL)
        return input->texts[index];
    struct cursor text = cursor_open(input, DECODE_TEXTS, "string", (uint32_t)index);
    return input->texts[index] = profile_intern_text(input->profile, (const char *)text.wire.at, (size_t)(text.wire.end - text.wire.at));
}

uint32_t cursor_text(struct cursor *cursor) {
    return cursor_text_at(cursor, cursor_number(cursor));
}

// ---- Scan ----

struct header {
    struct wire period_type;
    struct array comments; // uint32_t indices, UINT32_MAX for all that are larger
    uint64_t drop_frames, keep_frames, default_type, doc_url;
    int64_t time_ns, duration_ns, period;
};

static void add_comment(struct cursor *cursor, struct header *header, uint64_t index) {
    uint32_t *comment = array_push(&header->comments, 1, sizeof *comment);
    if (comment)
        *comment = index < UINT32_MAX ? (uint32_t)index : UINT32_MAX;
    else
        cursor_fail(cursor, MERGE_NO_MEMORY, "comments");
}

static void scan_comments(struct cursor *cursor, struct header *header) {
    if (cursor->field.type != WIRE_BYTES)
        return add_comment(cursor, header, cursor_number(cursor));
    struct wire run = cursor->field.bytes;
    while (cursor->error == MERGE_OK && run.at < run.end) {
        uint64_t index;
        if (wire_varint(&run, &index) != WIRE_OK)
            cursor_fail(cursor, MERGE_MALFORMED, "bad varint in the comments");
        else
            add_comment(cursor, header, index);
    }
}

static void scan_message(struct cursor *cursor, const uint8_t *tag) {
    struct input *input = cursor->input;
    uint32_t number = cursor->field.number;
    if (cursor->field.type != WIRE_BYTES) {
        cursor_fail(cursor, MERGE_MALFORMED, "field %u is not a message", number);
        return;
    }
    if (number == DECODE_TEXTS && (size_t)(cursor->field.bytes.end - cursor->field.bytes.at) > input->limits->string_bytes) {
        cursor_fail(cursor, MERGE_TOO_LARGE, "string %u is longer than %zu bytes", input->tables[number].count,
                    input->limits->string_bytes);
        return;
    }
    uint32_t *offset = array_push(&input->tables[number], 1, sizeof *offset);
    struct wire wire = {tag, cursor->wire.at};
    uint64_t ignored;
    wire_varint(&wire, &ignored);
    if (offset)
        *offset = (uint32_t)(wire.at - input->bytes);
    else
        cursor_fail(cursor, MERGE_NO_MEMORY, "field %u", number);
}

static void scan_field(struct cursor *cursor, struct header *header, const uint8_t *tag) {
    switch (cursor->field.number) {
    case DECODE_TYPES ... DECODE_TEXTS:
        return scan_message(cursor, tag);
    case 7:
        header->drop_frames = cursor_number(cursor);
        break;
    case 8:
        header->keep_frames = cursor_number(cursor);
        break;
    case 9:
        if (header->time_ns != 0) // what `cat a.pb b.pb` makes
            cursor_fail(cursor, MERGE_MALFORMED, "two profiles one after the other");
        header->time_ns = (int64_t)cursor_number(cursor);
        break;
    case 10:
        header->duration_ns = (int64_t)cursor_number(cursor);
        break;
    case 11:
        if (cursor->field.type != WIRE_BYTES)
            cursor_fail(cursor, MERGE_MALFORMED, "field 11 is not a message");
        header->period_type = cursor->field.bytes;
        break;
    case 12:
        header->period = (int64_t)cursor_number(cursor);
        break;
    case 13:
        scan_comments(cursor, header);
        break;
    case 14:
        header->default_type = cursor_number(cursor);
        break;
    case 15:
        header->doc_url = cursor_number(cursor);
        break;
    }
}

static enum merge_error scan(struct input *input, size_t size, struct header *header) {
    struct cursor cursor = {.input = input, .noun = "profile", .index = 0, .wire = {input->bytes, input->end}};
    if (size == 0)
        return fault_set(input->fault, MERGE_TRUNCATED, 0, "empty input");
    while (cursor.error == MERGE_OK && cursor.wire.at < cursor.wire.end) {
        const uint8_t *tag = cursor.wire.at;
        switch (wire_next(&cursor.wire, &cursor.field)) {
        case WIRE_OK:
            scan_field(&cursor, header, tag);
            break;
        case WIRE_SHORT:
            return fault_set(input->fault, MERGE_TRUNCATED, (size_t)(tag - input->bytes), "the input ends inside a field");
        case WIRE_BAD:
            return fault_set(input->fault, MERGE_MALFORMED, (size_t)(tag - input->bytes), "bad tag or varint: not a profile");
        }
    }
    if (cursor.error != MERGE_OK)
        return cursor.error;
    uint32_t texts = input->tables[DECODE_TEXTS].count;
    if (texts == 0)
        return fault_set(input->fault, MERGE_MALFORMED, size, "no string table");
    struct cursor first = cursor_open(input, DECODE_TEXTS, "string", 0);
    if (first.wire.at != first.wire.end)
        return fault_set(input->fault, MERGE_MALFORMED, (size_t)(first.wire.at - input->bytes), "string 0 is not empty");
    input->texts = malloc(texts * sizeof *input->texts);
    if (!input->texts)
        return fault_set(input->fault, MERGE_NO_MEMORY, 0, "string table");
    memset(input->texts, 0xff, texts * sizeof *input->texts); // TEXT_TABLE_FULL: not looked at yet
    return MERGE_OK;
}

// ---- Sample types ----

static struct value_type read_value_type(struct cursor *cursor) {
    struct value_type type = {0};
    while (cursor_next(cursor)) {
        if (cursor->field.number == 1)
            type.type = cursor_text(cursor);
        else if (cursor->field.number == 2)
            type.unit = cursor_text(cursor);
    }
    return type;
}

static bool same_type(struct value_type a, struct value_type b) {
    return a.type == b.type && a.unit == b.unit;
}

static enum merge_error types_differ(struct input *input, struct value_type type, const char *what) {
    return fault_set(input->fault, MERGE_TYPES_DIFFER, 0, "sample type %s/%s %s", profile_text(input->profile, type.type),
                     profile_text(input->profile, type.unit), what);
}

// Gives each type of the input its place in a row. A name that stands there twice takes two places, in order.
static enum merge_error match_types(struct input *input, const struct value_type *types, uint32_t count, bool *taken) {
    struct profile *profile = input->profile;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = 0;
        while (at < profile->type_count && (taken[at] || !same_type(*profile_type(profile, at), types[i])))
            at++;
        if (at == profile->type_count)
            return types_differ(input, types[i], "is only in this profile, not in the one before");
        taken[at] = true;
        input->value_at[i] = at;
    }
    for (uint32_t at = 0; at < profile->type_count; at++)
        if (!taken[at])
            return types_differ(input, *profile_type(profile, at), "is missing");
    return MERGE_OK;
}

static enum merge_error take_types(struct input *input, struct array *types) {
    struct profile *profile = input->profile;
    uint32_t count = input->tables[DECODE_TYPES].count;
    for (uint32_t i = 0; i < count; i++) {
        struct cursor cursor = cursor_open(input, DECODE_TYPES, "sample type", i);
        struct value_type *type = array_push(types, 1, sizeof *type);
        if (!type)
            return fault_set(input->fault, MERGE_NO_MEMORY, 0, "sample types");
        *type = read_value_type(&cursor);
        if (cursor.error != MERGE_OK)
            return cursor.error;
    }
    if (!profile->types_fixed && profile->type_count == 0 && count > 0) {
        void *copies = array_push(&profile->types, count, sizeof(struct value_type));
        if (!copies)
            return fault_set(input->fault, MERGE_NO_MEMORY, 0, "sample types");
        memcpy(copies, types->items, count * sizeof(struct value_type));
        profile->type_count = count;
    }
    profile->types_fixed = true;
    uint32_t most = count > profile->type_count ? count : profile->type_count;
    bool *taken = calloc(most + 1, sizeof *taken);
    input->value_at = calloc(most + 1, sizeof *input->value_at);
    enum merge_error error = taken && input->value_at ? match_types(input, types->items, count, taken)
                                                      : fault_set(input->fault, MERGE_NO_MEMORY, 0, "sample types");
    free(taken);
    return error;
}

static enum merge_error decode_types(struct input *input) {
    uint32_t count = input->tables[DECODE_TYPES].count;
    if (count > input->limits->sample_types)
        return fault_set(input->fault, MERGE_TOO_LARGE, 0, "%u sample types, limit %zu", count, input->limits->sample_types);
    if (count == 0 && input->tables[DECODE_SAMPLES].count > 0)
        return fault_set(input->fault, MERGE_MALFORMED, 0, "samples, but no sample types");
    struct array types = {0};
    enum merge_error error = take_types(input, &types);
    array_free(&types);
    return error;
}

// ---- Header ----

static enum merge_error merge_period(struct input *input, const struct header *header) {
    struct profile *profile = input->profile;
    struct cursor cursor = {.input = input, .noun = "period type", .wire = header->period_type};
    if (!cursor.wire.at)
        cursor.wire = (struct wire){input->bytes, input->bytes};
    struct value_type type = read_value_type(&cursor);
    if (cursor.error != MERGE_OK)
        return cursor.error;
    if (profile->period_known && !same_type(profile->period_type, type))
        return fault_set(input->fault, MERGE_TYPES_DIFFER, 0, "period type %s/%s, before it was %s/%s", profile_text(profile, type.type),
                         profile_text(profile, type.unit), profile_text(profile, profile->period_type.type),
                         profile_text(profile, profile->period_type.unit));
    profile->period_known = true;
    profile->period_type = type;
    if (profile->period == 0 || profile->period < header->period)
        profile->period = header->period;
    return MERGE_OK;
}

static enum merge_error merge_header(struct input *input, const struct header *header) {
    struct profile *profile = input->profile;
    enum merge_error error = merge_period(input, header);
    if (error != MERGE_OK)
        return error;
    // The earliest time that is known. (google/pprof means this too, but a 0 in the middle wins there.)
    if (header->time_ns != 0 && (profile->time_ns == 0 || header->time_ns < profile->time_ns))
        profile->time_ns = header->time_ns;
    profile->duration_ns = saturate_add(profile->duration_ns, header->duration_ns);
    struct {
        uint32_t *ours;
        uint64_t index;
    } firsts[] = {{&profile->drop_frames, header->drop_frames},
                  {&profile->keep_frames, header->keep_frames},
                  {&profile->default_type, header->default_type},
                  {&profile->doc_url, header->doc_url}};
    struct cursor cursor = {.input = input, .noun = "profile", .wire = {input->bytes, input->bytes}};
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        uint32_t text = cursor_text_at(&cursor, firsts[i].index);
        if (*firsts[i].ours == 0)
            *firsts[i].ours = text;
    }
    for (uint32_t i = 0; i < header->comments.count && cursor.error == MERGE_OK; i++) {
        uint32_t text = cursor_text_at(&cursor, ((const uint32_t *)header->comments.items)[i]);
        if (cursor.error == MERGE_OK)
            profile_intern_comment(profile, text);
    }
    return cursor.error;
}

// ---- All ----

static enum merge_error decode_raw(struct input *input, size_t size, struct header *header) {
    if (size > UINT32_MAX - 16) // offsets are kept in 4 bytes
        return fault_set(input->fault, MERGE_TOO_LARGE, 0, "more than 4 GiB");
    input->end = size > 0 ? input->bytes + size : input->bytes;
    enum merge_error error = scan(input, size, header);
    if (error == MERGE_OK)
        error = decode_types(input);
    if (error == MERGE_OK)
        error = merge_header(input, header);
    if (error == MERGE_OK)
        error = decode_mappings(input);
    if (error == MERGE_OK)
        error = decode_functions(input);
    if (error == MERGE_OK)
        error = decode_locations(input);
    if (error == MERGE_OK)
        error = decode_samples(input);
    if (error == MERGE_OK && input->profile->status != MERGE_OK) // a table could not grow
        error = fault_set(input->fault, input->profile->status, 0, "%s", merge_error_text(input->profile->status));
    return error;
}

static void input_free(struct input *input) {
    for (int i = 0; i < DECODE_TABLES; i++)
        array_free(&input->tables[i]);
    struct array *scratch[] = {&input->mappings, &input->refs, &input->values, &input->labels, &input->lines};
    for (size_t i = 0; i < sizeof scratch / sizeof *scratch; i++)
        array_free(scratch[i]);
    id_map_free(&input->mapping_ids);
    id_map_free(&input->function_ids);
    id_map_free(&input->location_ids);
    free(input->texts);
    free(input->value_at);
}

enum merge_error profile_decode(struct profile *profile, const void *bytes, size_t size, const struct merge_limits *limits,
                                const int64_t *scale, struct merge_fault *fault) {
    if (fault)
        *fault = (struct merge_fault){0};
    if (profile->status != MERGE_OK)
        return fault_set(fault, profile->status, 0, "an earlier failure: %s", merge_error_text(profile->status));
    if (!limits)
        limits = &merge_default_limits;
    struct input input = {.profile = profile, .limits = limits, .fault = fault, .scale = scale};
    struct header header = {0};
    uint8_t *inflated = NULL;
    enum merge_error error = MERGE_OK;
    if (compress_kind(bytes, size) == MERGE_RAW && size <= limits->input_bytes) {
        input.bytes = bytes;
    } else {
        error = merge_inflate(bytes, size, limits->input_bytes, &inflated, &size, fault);
        input.bytes = inflated;
    }
    profile->input++;
    if (error == MERGE_OK)
        error = decode_raw(&input, size, &header);
    if (error != MERGE_OK)
        profile_fail(profile, error);
    array_free(&header.comments);
    input_free(&input);
    free(inflated);
    return error;
}
