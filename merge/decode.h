// decode.h: what reading one input needs, shared by decode.c (the frame and the header), decode_tables.c (mappings, functions, locations),
// decode_samples.c and delta.c. For these only.
//
// The input is scanned once: each message of the top level leaves its place, 8 bytes, in the list of its kind, because writers put the
// string table last and the samples, which need all the others, first. Then the tables are read in the order in which they depend on each
// other. The samples are staged: which sample of the profile, and its values. Only when all of the input has been read are the values
// added up (decode_commit), so an input that is wrong anywhere adds nothing.
//
// Memory: proportional to the input; every count comes from messages that are really there, never from a number in the input. All arrays
// are kept for the next input, so the second of two inputs of the same size costs no allocation.
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

struct span { // a stretch of the input
    uint32_t at, size;
};

struct header {
    struct wire period_type_bytes; // at NULL: none
    struct array comment_indices;  // uint32_t, UINT32_MAX for all that are larger
    uint64_t drop_frames_index, keep_frames_index, default_type_index, doc_url_index;
    int64_t time_ns, duration_ns, period;
    // Our strings, once the strings are known.
    struct value_type period_type;
    struct array comments; // uint32_t
    uint32_t drop_frames, keep_frames, default_type, doc_url;
};

// Who goes over the samples of an input fetches what belongs to a later one into the cache: this many ahead.
enum { FETCH_AHEAD = 8 };

struct input {
    struct profile *profile;
    const struct merge_limits *limits;
    struct merge_fault *fault;
    const uint8_t *bytes, *end;
    struct header header;
    struct array tables[DECODE_TABLES]; // struct span, the content of each message
    struct array others;                // struct span, tag included: the header's fields but for the duration, and unknown ones
    bool unknown_fields;                // there is a field that this code does not know, somewhere
    struct array strings;               // uint32_t: our id of each string, STRING_TABLE_FULL before it is first needed
    struct array types;                 // struct value_type
    struct array value_at;              // uint32_t: place of each of its sample types in a row of ours, or NO_COLUMN
    struct array scale;                 // int64_t for each of its types: to the unit that it and ours have from then on
    struct array ours;                  // struct our_type for each of ours
    bool converts;                      // there is a NO_COLUMN, a place that is dropped, or a scale that is not 1
    struct units_ratio period_ratio;    // of ours and of its period
    uint64_t frames;                    // of the samples so far; not counted when there cannot be too many
    uint32_t max_lines;                 // of one location, 1 at least
    struct array mappings;              // struct input_mapping, in the input's order
    struct array functions, locations;  // uint32_t: our id of each
    struct id_map mapping_ids, function_ids, location_ids; // of mappings: index + 1 in `mappings`
    struct array refs, labels, lines;                      // of the message that is being read
    struct array samples;                                  // uint32_t: our index of each sample
    struct array values;                                   // int64_t: one row for each of its samples, in its order of types
    struct compress compress;
    struct wire_writer inflated;
};

#define NO_COLUMN UINT32_MAX // of a type that is left out

// What an input makes of one of ours.
struct our_type {
    bool taken;      // one of the input's is this
    uint32_t column; // when those have gone that are left out
    int64_t scale;   // to the unit
    uint32_t unit;
};

struct input_mapping {
    struct mapping content;
    uint32_t id;    // ours
    uint64_t shift; // to be added to its addresses
};

// One message that is being read, field by field: while (cursor_next(&c)) switch (c.field.number) ...; return c.error;
struct cursor {
    struct input *input;
    const char *noun; // "sample", for messages to people
    uint32_t index;
    enum merge_error error;
    struct wire wire;
    struct wire_field field;
};

// Sets the error, with "sample 12: " before the text. Returns false.
bool cursor_fail(struct cursor *cursor, enum merge_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4), cold, noinline));
bool cursor_fail_field(struct cursor *cursor, enum wire_result result) __attribute__((cold, noinline));
uint32_t cursor_string_at(struct cursor *cursor, uint64_t index);

static inline struct cursor cursor_open(struct input *input, int table, const char *noun, uint32_t index) {
    struct span span = ((const struct span *)input->tables[table].items)[index];
    const uint8_t *at = input->bytes + span.at;
    return (struct cursor){.input = input, .noun = noun, .index = index, .wire = {at, at + span.size}};
}

// False: at the end, or after an error.
static inline bool cursor_next(struct cursor *cursor) {
    if (cursor->error != MERGE_OK || cursor->wire.at == cursor->wire.end)
        return false;
    enum wire_result result = wire_next(&cursor->wire, &cursor->field);
    return result == WIRE_OK || cursor_fail_field(cursor, result);
}

// The value of a varint field; other types are an error, and 0.
static inline uint64_t cursor_number(struct cursor *cursor) {
    if (cursor->field.type == WIRE_VARINT)
        return cursor->field.value;
    cursor_fail(cursor, MERGE_MALFORMED, "field %u is not a number", cursor->field.number);
    return 0;
}

// Our id of the string whose index the field holds.
static inline uint32_t cursor_string(struct cursor *cursor) {
    uint64_t index = cursor_number(cursor);
    if (index < cursor->input->strings.count) {
        uint32_t text = ((const uint32_t *)cursor->input->strings.items)[index];
        if (text != STRING_TABLE_FULL)
            return text;
    }
    return cursor_string_at(cursor, index);
}

// match_types.c. Gives each type of the input its column; nothing of the profile is changed before match_commit.
enum merge_error match_types(struct input *input);
bool match_period(struct input *input, struct value_type type); // false: it is another one
void match_commit(struct profile *profile);

// decode_tables.c, decode_samples.c
uint32_t decode_id(struct cursor *cursor, const struct id_map *map, uint64_t id, const char *noun);
enum merge_error decode_mappings(struct input *input);
enum merge_error decode_functions(struct input *input);
enum merge_error decode_locations(struct input *input);
enum merge_error decode_samples(struct input *input);

// decode.c. Reads a whole input, inflating it first, and stages it. On MERGE_NO_MEMORY the
// profile is good for profile_free only; after other errors it is as it was before, but that it may know more samples, all of zeros. So it
// is before decode_commit.
enum merge_error decode_stage(struct profile *profile, const void *bytes, size_t size, const struct merge_limits *limits,
                              struct merge_fault *fault);
// Adds up what is staged: values, each times its scale (NULL: all 1), and the header.
enum merge_error decode_commit(struct profile *profile, const int64_t *scale, struct merge_fault *fault);
void decode_commit_types(struct profile *profile);  // only the sample types and the period type
void decode_commit_header(struct profile *profile); // only the rest of the header
void decode_free(struct input *input);              // NULL is fine

#endif
