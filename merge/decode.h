// decode.h: the decoder's state, internal to decode.c (the framing and the header), decode_tables.c (mappings, functions, locations),
// decode_samples.c and delta.c.
//
// The input is scanned once to record the position of each top-level message, 8 bytes each, in a list per kind: writers put the string
// table last and the samples, which refer to everything else, first. The tables are then decoded in order of their dependencies. Samples
// are staged as the index of the profile's sample and the values. Values are added up only after the whole input has been read
// (decode_commit), so a malformed input adds nothing.
//
// Memory: proportional to the input. Counts come from messages actually present, never from a number in the input. All arrays
// are kept for the next input, so a second input of the same size needs no allocation.
#ifndef CMEMPROF_MERGE_DECODE_H
#define CMEMPROF_MERGE_DECODE_H

#include "namespace.h"
#include "compress.h"
#include "fault.h"
#include "id_map.h"
#include "profile.h"
#include "units.h"
#include "wire.h"

enum { // repeated messages of Profile, by field number
    DECODE_TYPES = 1,
    DECODE_SAMPLES = 2,
    DECODE_MAPPINGS = 3,
    DECODE_LOCATIONS = 4,
    DECODE_FUNCTIONS = 5,
    DECODE_STRINGS = 6,
    DECODE_TABLES = 7
};

struct span { // a range of the input
    uint32_t at, size;
};

struct header {
    struct wire period_type_bytes; // at NULL: none
    struct array comment_indices;  // uint32_t; UINT32_MAX stands for all larger indices
    uint64_t drop_frames_index, keep_frames_index, default_type_index, doc_url_index;
    int64_t time_ns, duration_ns, period;
    // String ids in the profile, set after the string table was read.
    struct value_type period_type;
    struct array comments; // uint32_t
    uint32_t drop_frames, keep_frames, default_type, doc_url;
};

// Prefetch distance of loops over the samples of an input.
enum { FETCH_AHEAD = 8 };

struct input {
    struct profile *profile;
    const struct merge_limits *limits;
    struct merge_fault *fault;
    const uint8_t *bytes, *end;
    size_t messages, max_messages; // at the top level
    struct header header;
    struct array tables[DECODE_TABLES]; // struct span, the content of each message
    struct array others;                // struct span, including the tag: header fields except the duration, and unknown fields
    bool unknown_fields;                // the input has unknown fields, at any level
    struct array strings;               // uint32_t: profile id of each string, STRING_TABLE_FULL before its first use
    struct array types;                 // struct value_type
    struct array value_at;              // uint32_t: column of each of the input's types in the profile's rows, or NO_COLUMN
    struct array scale;                 // int64_t for each of the input's types: factor to the common unit
    struct array ours;                  // struct our_type for each of the profile's types
    bool converts;                      // there is a NO_COLUMN, a dropped column, or a scale other than 1
    struct units_ratio period_ratio;    // of the profile's period type and the input's
    uint64_t frames;                    // of the samples so far; not counted if the limit cannot be exceeded
    uint32_t max_lines;                 // of one location, at least 1
    struct array mappings;              // struct input_mapping, in the input's order
    struct array functions, locations;  // uint32_t: profile ids
    struct id_map mapping_ids, function_ids, location_ids; // of mappings: index + 1 in `mappings`
    struct array refs, labels, lines;                      // of the current message
    struct array samples;                                  // uint32_t: profile index of each sample
    struct array values;                                   // int64_t: one row per input sample, in the input's order of types
    struct compress compress;
    struct wire_writer inflated;
};

#define NO_COLUMN UINT32_MAX // of a dropped type

// How an input changes one of the profile's types.
struct our_type {
    bool taken;      // matched by one of the input's types
    uint32_t column; // after dropped types are removed
    int64_t scale;   // factor to the unit
    uint32_t unit;
};

struct input_mapping {
    struct mapping content;
    uint32_t id;    // in the profile
    uint64_t shift; // added to its addresses
};

// Reads one message, field by field: while (cursor_next(&c)) switch (c.field.number) ...; return c.error;
struct cursor {
    struct input *input;
    const char *noun; // "sample", for error texts
    uint32_t index;
    enum merge_error error;
    struct wire wire;
    struct wire_field field;
};

// Sets the error, with the prefix "sample 12: ". Returns false.
bool cursor_fail(struct cursor *cursor, enum merge_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4), cold, noinline));
bool cursor_fail_field(struct cursor *cursor, enum wire_result result) __attribute__((cold, noinline));
uint32_t cursor_string_at(struct cursor *cursor, uint64_t index);

static inline struct cursor cursor_open(struct input *input, int table, const char *noun, uint32_t index) {
    struct span span = ((const struct span *)input->tables[table].items)[index];
    const uint8_t *at = input->bytes + span.at;
    return (struct cursor){.input = input, .noun = noun, .index = index, .wire = {at, at + span.size}};
}

// False at the end and after an error.
static inline bool cursor_next(struct cursor *cursor) {
    if (cursor->error != MERGE_OK || cursor->wire.at == cursor->wire.end) {
        return false;
    }
    enum wire_result result = wire_next(&cursor->wire, &cursor->field);
    return result == WIRE_OK || cursor_fail_field(cursor, result);
}

// The value of a varint field; any other wire type sets an error and returns 0.
static inline uint64_t cursor_number(struct cursor *cursor) {
    if (cursor->field.type == WIRE_VARINT) {
        return cursor->field.value;
    }
    cursor_fail(cursor, MERGE_MALFORMED, "field %u is not a number", cursor->field.number);
    return 0;
}

// The profile's id of the string whose index the field holds.
static inline uint32_t cursor_string(struct cursor *cursor) {
    uint64_t index = cursor_number(cursor);
    if (index < cursor->input->strings.count) {
        uint32_t text = ((const uint32_t *)cursor->input->strings.items)[index];
        if (text != STRING_TABLE_FULL) {
            return text;
        }
    }
    return cursor_string_at(cursor, index);
}

// match_types.c. Assigns each type of the input its column. The profile is not changed before match_commit.
enum merge_error match_types(struct input *input);
bool match_period(struct input *input, struct value_type type); // false: the period types differ
void match_commit(struct profile *profile);

// decode_tables.c, decode_samples.c
uint32_t decode_id(struct cursor *cursor, const struct id_map *map, uint64_t id, const char *noun);
enum merge_error decode_mappings(struct input *input);
enum merge_error decode_functions(struct input *input);
enum merge_error decode_locations(struct input *input);
enum merge_error decode_samples(struct input *input);

// decode.c. Inflates, reads and stages an input. After MERGE_NO_MEMORY only profile_free may be called. After other errors, and before
// decode_commit, the profile is unchanged, except that it may have additional samples of zeros.
enum merge_error decode_stage(struct profile *profile, const void *bytes, size_t size, const struct merge_limits *limits,
                              struct merge_fault *fault);
// Adds the staged values, each times its scale (NULL: all 1), and the header.
enum merge_error decode_commit(struct profile *profile, const int64_t *scale, struct merge_fault *fault);
void decode_commit_types(struct profile *profile);  // only the sample types and the period type
void decode_commit_header(struct profile *profile); // only the rest of the header
void decode_free(struct input *input);              // input may be NULL

#endif
