// decode.c: reads an encoded profile into a struct profile: the scan, the header, the sample types. See decode.h for the steps.
//
// Threads and memory: as merge.h. The input is not trusted; faults are reported with their offset.
#include "decode.h"

#include "saturate.h"

#include <stdarg.h>
#include <stdio.h>

enum { FREE_MESSAGES = 1 << 20, BYTES_A_MESSAGE = 16 }; // of merge_limits.inflate_ratio

// ---- One message ----

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

bool cursor_fail_field(struct cursor *cursor, enum wire_result result) {
    return cursor_fail(cursor, MERGE_MALFORMED, result == WIRE_SHORT ? "a field is longer than its message" : "bad tag or varint");
}

uint32_t cursor_string_at(struct cursor *cursor, uint64_t index) {
    struct input *input = cursor->input;
    if (index >= input->strings.count) {
        cursor_fail(cursor, MERGE_MALFORMED, "string %llu of %u does not exist", (unsigned long long)index, input->strings.count);
        return 0;
    }
    uint32_t *text = (uint32_t *)input->strings.items + index;
    if (*text == STRING_TABLE_FULL) {
        struct span span = ((const struct span *)input->tables[DECODE_STRINGS].items)[index];
        *text = profile_intern_string(input->profile, (const char *)input->bytes + span.at, span.size);
    }
    return *text;
}

// ---- Scan ----

static void add_comment(struct cursor *cursor, uint64_t index) {
    uint32_t *comment = array_push(&cursor->input->header.comment_indices, 1, sizeof *comment);
    if (comment) {
        *comment = index < UINT32_MAX ? (uint32_t)index : UINT32_MAX;
    } else {
        cursor_fail(cursor, MERGE_NO_MEMORY, "comments");
    }
}

static void scan_comments(struct cursor *cursor) {
    if (cursor->field.type != WIRE_BYTES) {
        return add_comment(cursor, cursor_number(cursor));
    }
    struct wire run = cursor->field.bytes;
    while (cursor->error == MERGE_OK && run.at < run.end) {
        uint64_t index;
        if (wire_varint(&run, &index) != WIRE_OK) {
            cursor_fail(cursor, MERGE_MALFORMED, "bad varint in the comments");
        } else {
            add_comment(cursor, index);
        }
    }
}

static bool add_span(struct cursor *cursor, struct array *spans, const uint8_t *at, const uint8_t *end) {
    if (cursor->input->messages++ == cursor->input->max_messages) {
        return cursor_fail(cursor, MERGE_TOO_LARGE, "more than %zu messages (compression ratio)", cursor->input->max_messages);
    }
    struct span *span = array_reserve(spans, 1, sizeof *span);
    if (!span) {
        return cursor_fail(cursor, MERGE_NO_MEMORY, "field %u", cursor->field.number);
    }
    *span = (struct span){(uint32_t)(at - cursor->input->bytes), (uint32_t)(end - at)};
    spans->count++;
    return true;
}

static inline void scan_message(struct cursor *cursor) {
    struct input *input = cursor->input;
    uint32_t number = cursor->field.number;
    if (cursor->field.type != WIRE_BYTES) {
        cursor_fail(cursor, MERGE_MALFORMED, "field %u is not a message", number);
    } else if (number == DECODE_STRINGS && (size_t)(cursor->field.bytes.end - cursor->field.bytes.at) > input->limits->string_bytes) {
        cursor_fail(cursor, MERGE_TOO_LARGE, "string %u is longer than %zu bytes", input->tables[number].count,
                    input->limits->string_bytes);
    } else {
        add_span(cursor, &input->tables[number], cursor->field.bytes.at, cursor->field.bytes.end);
    }
}

static void scan_header(struct cursor *cursor, struct header *header) {
    switch (cursor->field.number) {
    case 7:
        header->drop_frames_index = cursor_number(cursor);
        break;
    case 8:
        header->keep_frames_index = cursor_number(cursor);
        break;
    case 9:
        if (header->time_ns != 0) { // concatenated profiles, as by `cat a.pb b.pb`
            cursor_fail(cursor, MERGE_MALFORMED, "concatenated profiles");
        } else {
            header->time_ns = (int64_t)cursor_number(cursor);
        }
        break;
    case 10:
        header->duration_ns = (int64_t)cursor_number(cursor);
        break;
    case 11:
        if (cursor->field.type != WIRE_BYTES) {
            cursor_fail(cursor, MERGE_MALFORMED, "field 11 is not a message");
        }
        header->period_type_bytes = cursor->field.bytes;
        break;
    case 12:
        header->period = (int64_t)cursor_number(cursor);
        break;
    case 13:
        scan_comments(cursor);
        break;
    case 14:
        header->default_type_index = cursor_number(cursor);
        break;
    case 15:
        header->doc_url_index = cursor_number(cursor);
        break;
    default:
        cursor->input->unknown_fields = true;
    }
}

static enum merge_error check_texts(struct input *input) {
    uint32_t count = input->tables[DECODE_STRINGS].count;
    size_t size = (size_t)(input->end - input->bytes);
    if (count == 0) {
        return fault_set(input->fault, MERGE_MALFORMED, size, "no string table");
    }
    const struct span *first = input->tables[DECODE_STRINGS].items;
    if (first->size != 0) {
        return fault_set(input->fault, MERGE_MALFORMED, first->at, "string 0 is not empty");
    }
    uint32_t *strings = array_reserve(&input->strings, count, sizeof *strings);
    if (!strings) {
        return fault_set(input->fault, MERGE_NO_MEMORY, 0, "string table");
    }
    memset(strings, 0xff, count * sizeof *strings); // STRING_TABLE_FULL: not yet interned
    strings[0] = 0;
    input->strings.count = count;
    return MERGE_OK;
}

static enum merge_error scan(struct input *input) {
    struct cursor cursor = {.input = input, .noun = "profile", .index = 0, .wire = {input->bytes, input->end}};
    while (cursor.error == MERGE_OK && cursor.wire.at < cursor.wire.end) {
        const uint8_t *tag = cursor.wire.at;
        switch (wire_next(&cursor.wire, &cursor.field)) {
        case WIRE_OK:
            if (cursor.field.number <= DECODE_STRINGS) {
                scan_message(&cursor);
            } else {
                scan_header(&cursor, &input->header);
                if (cursor.error == MERGE_OK && cursor.field.number != 10) {
                    add_span(&cursor, &input->others, tag, cursor.wire.at);
                }
            }
            break;
        case WIRE_SHORT:
            return fault_set(input->fault, MERGE_TRUNCATED, (size_t)(tag - input->bytes), "the input ends inside a field");
        case WIRE_BAD:
            return fault_set(input->fault, MERGE_MALFORMED, (size_t)(tag - input->bytes), "bad tag or varint: not a profile");
        }
    }
    return cursor.error != MERGE_OK ? cursor.error : check_texts(input);
}

// ---- Sample types ----

static struct value_type read_value_type(struct cursor *cursor) {
    struct value_type type = {0};
    while (cursor_next(cursor)) {
        if (cursor->field.number == 1) {
            type.type = cursor_string(cursor);
        } else if (cursor->field.number == 2) {
            type.unit = cursor_string(cursor);
        } else {
            cursor->input->unknown_fields = true;
        }
    }
    return type;
}

static enum merge_error decode_types(struct input *input) {
    uint32_t count = input->tables[DECODE_TYPES].count;
    if (count > input->limits->sample_types) {
        return fault_set(input->fault, MERGE_TOO_LARGE, 0, "%u sample types, limit %zu", count, input->limits->sample_types);
    }
    if (count == 0 && input->tables[DECODE_SAMPLES].count > 0) {
        return fault_set(input->fault, MERGE_MALFORMED, 0, "samples, but no sample types");
    }
    if (!array_push(&input->types, count + 1, sizeof(struct value_type))) {
        return fault_set(input->fault, MERGE_NO_MEMORY, 0, "sample types");
    }
    input->types.count = count;
    for (uint32_t i = 0; i < count; i++) {
        struct cursor cursor = cursor_open(input, DECODE_TYPES, "sample type", i);
        ((struct value_type *)input->types.items)[i] = read_value_type(&cursor);
        if (cursor.error != MERGE_OK) {
            return cursor.error;
        }
    }
    return match_types(input);
}

// ---- Header ----

static enum merge_error decode_period(struct input *input) {
    struct profile *profile = input->profile;
    struct cursor cursor = {.input = input, .noun = "period type", .wire = input->header.period_type_bytes};
    if (!cursor.wire.at) {
        cursor.wire = (struct wire){input->bytes, input->bytes};
    }
    struct value_type type = read_value_type(&cursor);
    if (cursor.error != MERGE_OK) {
        return cursor.error;
    }
    if (!match_period(input, type)) {
        return fault_set(input->fault, MERGE_TYPES_DIFFER, 0, "period type %s/%s differs from %s/%s", profile_string(profile, type.type),
                         profile_string(profile, type.unit), profile_string(profile, profile->period_type.type),
                         profile_string(profile, profile->period_type.unit));
    }
    input->header.period_type = type;
    return MERGE_OK;
}

static enum merge_error decode_header(struct input *input) {
    struct header *header = &input->header;
    struct cursor cursor = {.input = input, .noun = "profile", .wire = {input->bytes, input->bytes}};
    header->drop_frames = cursor_string_at(&cursor, header->drop_frames_index);
    header->keep_frames = cursor_string_at(&cursor, header->keep_frames_index);
    header->default_type = cursor_string_at(&cursor, header->default_type_index);
    header->doc_url = cursor_string_at(&cursor, header->doc_url_index);
    uint32_t count = header->comment_indices.count, *comments = array_reserve(&header->comments, count, sizeof *comments);
    if (!comments && count > 0) {
        return fault_set(input->fault, MERGE_NO_MEMORY, 0, "comments");
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count && cursor.error == MERGE_OK; i++) {
        comments[kept] = cursor_string_at(&cursor, ((const uint32_t *)header->comment_indices.items)[i]);
        kept += !redact_drops_comment(input->profile, comments[kept]);
    }
    header->comments.count = kept;
    return cursor.error != MERGE_OK ? cursor.error : decode_period(input);
}

static void first_wins(uint32_t *ours, uint32_t text) {
    if (*ours == 0) {
        *ours = text;
    }
}

void decode_commit_types(struct profile *profile) {
    match_commit(profile);
    profile->types_fixed = true;
    profile->period_known = true;
}

void decode_commit_header(struct profile *profile) {
    const struct header *header = &profile->decoder->header;
    int64_t period = saturate_multiply(header->period, profile->decoder->period_ratio.b, &profile->saturated);
    if (profile->period == 0 || profile->period < period) {
        profile->period = period;
    }
    // The earliest known time. (google/pprof intends the same, but there a 0 in a later profile wins.)
    if (header->time_ns != 0 && (profile->time_ns == 0 || header->time_ns < profile->time_ns)) {
        profile->time_ns = header->time_ns;
    }
    profile->duration_ns = saturate_add(profile->duration_ns, header->duration_ns, &profile->saturated);
    first_wins(&profile->drop_frames, header->drop_frames);
    first_wins(&profile->keep_frames, header->keep_frames);
    first_wins(&profile->default_type, header->default_type);
    first_wins(&profile->doc_url, header->doc_url);
    for (uint32_t i = 0; i < header->comments.count; i++) {
        profile_intern_comment(profile, ((const uint32_t *)header->comments.items)[i]);
    }
}

// ---- All ----

static enum merge_error decode_raw(struct input *input, size_t size) {
    if (size == 0) {
        return fault_set(input->fault, MERGE_TRUNCATED, 0, "empty input");
    }
    if (size > UINT32_MAX - 16) { // offsets are uint32_t
        return fault_set(input->fault, MERGE_TOO_LARGE, 0, "more than 4 GiB");
    }
    input->end = input->bytes + size;
    enum merge_error error = scan(input);
    if (error == MERGE_OK) {
        error = decode_types(input);
    }
    if (error == MERGE_OK) {
        error = decode_header(input);
    }
    if (error == MERGE_OK) {
        error = decode_mappings(input);
    }
    if (error == MERGE_OK) {
        error = decode_functions(input);
    }
    if (error == MERGE_OK) {
        error = decode_locations(input);
    }
    if (error == MERGE_OK) {
        error = decode_samples(input);
    }
    return error;
}

#define INPUT_ARRAYS(input)                                                                                                                \
    {                                                                                                                                      \
        &(input)->others, &(input)->strings, &(input)->types, &(input)->value_at, &(input)->scale, &(input)->ours, &(input)->mappings,     \
            &(input)->functions, &(input)->locations, &(input)->refs, &(input)->labels, &(input)->lines, &(input)->samples,                \
            &(input)->values, &(input)->header.comment_indices, &(input)->header.comments                                                  \
    }

static struct input *input_open(struct profile *profile, const struct merge_limits *limits, struct merge_fault *fault) {
    struct input *input = profile->decoder;
    if (!input) {
        input = profile->decoder = calloc(1, sizeof *input);
    }
    if (!input) {
        return NULL;
    }
    struct array *arrays[] = INPUT_ARRAYS(input);
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        arrays[i]->count = 0;
    }
    for (int i = 0; i < DECODE_TABLES; i++) {
        input->tables[i].count = 0;
    }
    input->header = (struct header){.comment_indices = input->header.comment_indices, .comments = input->header.comments};
    input->profile = profile;
    input->limits = limits;
    input->fault = fault;
    input->unknown_fields = input->converts = false;
    input->frames = input->max_lines = 0;
    return input;
}

void decode_free(struct input *input) {
    if (!input) {
        return;
    }
    struct array *arrays[] = INPUT_ARRAYS(input);
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        array_free(arrays[i]);
    }
    for (int i = 0; i < DECODE_TABLES; i++) {
        array_free(&input->tables[i]);
    }
    id_map_free(&input->mapping_ids);
    id_map_free(&input->function_ids);
    id_map_free(&input->location_ids);
    compress_free(&input->compress);
    wire_free(&input->inflated);
    free(input);
}

// Each takes 8 bytes and more, so few compressed bytes could take gigabytes.
static size_t most_messages(size_t compressed_bytes, const struct merge_limits *limits) {
    size_t ratio = limits->inflate_ratio / BYTES_A_MESSAGE, most;
    bool any = limits->inflate_ratio == 0 || __builtin_mul_overflow(compressed_bytes, ratio, &most) ||
               __builtin_add_overflow(most, FREE_MESSAGES, &most);
    return any ? SIZE_MAX : most;
}

enum merge_error decode_stage(struct profile *profile, const void *bytes, size_t size, const struct merge_limits *limits,
                              struct merge_fault *fault) {
    if (fault) {
        *fault = (struct merge_fault){0};
    }
    if (profile->status != MERGE_OK) {
        return fault_set(fault, profile->status, 0, "an earlier failure: %s", merge_error_text(profile->status));
    }
    if (!limits) {
        limits = &merge_default_limits;
    }
    struct input *input = input_open(profile, limits, fault);
    if (!input) {
        return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory for an input");
    }
    input->messages = 0;
    input->max_messages = most_messages(size, limits);
    profile_next_input(profile);
    uint32_t mappings = profile->mappings.count;
    enum merge_error error = MERGE_OK;
    if (compress_kind(bytes, size) == MERGE_RAW && size <= limits->input_bytes) {
        input->bytes = bytes;
    } else {
        error = compress_inflate(&input->compress, bytes, size, limits, &input->inflated, fault);
        input->bytes = input->inflated.bytes;
        size = input->inflated.size;
    }
    if (error == MERGE_OK) {
        error = decode_raw(input, size);
    }
    if (error == MERGE_NO_MEMORY) {
        profile_fail(profile, error);
    }
    profile_fit_rows(profile);
    if (error != MERGE_OK &&
        profile->status == MERGE_OK) { // they would affect later inputs: as first mapping, and as addresses of libraries
        profile_forget_mappings(profile, mappings);
    }
    if (error != profile->status && profile->status != MERGE_OK) { // out of memory: entries missing from a table looked like another error
        error = fault_set(fault, profile->status, 0, "%s", merge_error_text(profile->status));
    }
    return error;
}

// Adds rows with dropped or converted columns.
static void add_converted(struct profile *profile, const int64_t *scale) {
    const struct input *input = profile->decoder;
    const uint32_t *samples = input->samples.items, *value_at = input->value_at.items;
    const int64_t *row = input->values.items, *unit = input->scale.items;
    uint64_t *saturated = &profile->saturated;
    for (uint32_t i = 0; i < input->samples.count && profile->status == MERGE_OK; i++, row += input->types.count) {
        int64_t *ours = profile_sample_values(profile, samples[i]);
        for (uint32_t type = 0; type < input->types.count; type++) {
            if (value_at[type] == NO_COLUMN) {
                continue;
            }
            int64_t value = saturate_multiply(row[type], unit[type], saturated);
            ours[value_at[type]] =
                saturate_add(ours[value_at[type]], scale ? saturate_multiply(value, scale[type], saturated) : value, saturated);
        }
    }
}

enum merge_error decode_commit(struct profile *profile, const int64_t *scale, struct merge_fault *fault) {
    const struct input *input = profile->decoder;
    const uint32_t *samples = input->samples.items, *value_at = input->value_at.items;
    const int64_t *row = input->values.items;
    uint32_t types = input->types.count;
    decode_commit_types(profile);
    if (input->converts) {
        add_converted(profile, scale);
        types = 0;
    }
    for (uint32_t i = 0; types > 0 && i < input->samples.count && profile->status == MERGE_OK; i++, row += types) {
        if (i + FETCH_AHEAD < input->samples.count) {
            __builtin_prefetch(profile_sample_values(profile, samples[i + FETCH_AHEAD]));
        }
        profile_add_row(profile, samples[i], row, types, scale, value_at);
    }
    if (profile->status == MERGE_OK) {
        decode_commit_header(profile);
    }
    return profile->status == MERGE_OK ? MERGE_OK : fault_set(fault, profile->status, 0, "no memory for the values");
}

enum merge_error profile_decode(struct profile *profile, const void *bytes, size_t size, const struct merge_limits *limits,
                                const int64_t *scale, struct merge_fault *fault) {
    enum merge_error error = decode_stage(profile, bytes, size, limits, fault);
    return error == MERGE_OK ? decode_commit(profile, scale, fault) : error;
}
