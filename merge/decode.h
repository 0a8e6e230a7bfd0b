// decode.h: what reading one input needs, shared by decode.c (the frame and the header) and decode_tables.c (mappings, functions,
// locations, samples). For these two only.
//
// The input is scanned once: each message of the top level leaves its offset, 4 bytes, in the list of its kind, because writers put the
// string table last and the samples, which need all the others, first. Then the tables are read in the order in which they depend on each
// other. Memory: proportional to the input; every count comes from messages that are really there, never from a number in the input.
#ifndef CMEMPROF_MERGE_DECODE_H
#define CMEMPROF_MERGE_DECODE_H

#include "namespace.h"
#include "fault.h"
#include "id_map.h"
#include "profile.h"
#include "wire.h"

enum { // repeated messages of Profile, by field number
    DECODE_TYPES = 1,
    DECODE_SAMPLES = 2,
    DECODE_MAPPINGS = 3,
    DECODE_LOCATIONS = 4,
    DECODE_FUNCTIONS = 5,
    DECODE_TEXTS = 6,
    DECODE_TABLES = 7
};

struct input {
    struct profile *profile;
    const struct merge_limits *limits;
    struct merge_fault *fault;
    const uint8_t *bytes, *end;
    struct array tables[DECODE_TABLES]; // uint32_t offsets of the length of each message
    uint32_t *texts;                    // our id of each string, made when it is first needed
    uint32_t *value_at;                 // place of each of its sample types in a row of ours
    const int64_t *scale;
    uint64_t frames;                                       // of the samples so far
    struct array mappings;                                 // struct input_mapping, in the input's order
    struct id_map mapping_ids, function_ids, location_ids; // of mappings: index + 1 in `mappings`
    struct array refs, values, labels, lines;              // of the message that is being read
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

struct cursor cursor_open(struct input *input, int table, const char *noun, uint32_t index);
bool cursor_next(struct cursor *cursor); // false: at the end, or after an error
// Sets the error, with "sample 12: " before the text. Returns false.
bool cursor_fail(struct cursor *cursor, enum merge_error error, const char *format, ...) __attribute__((format(printf, 3, 4)));
// The value of a varint field; other types are an error, and 0.
uint64_t cursor_number(struct cursor *cursor);
// Our id of the string whose index the field holds.
uint32_t cursor_text(struct cursor *cursor);
uint32_t cursor_text_at(struct cursor *cursor, uint64_t index);

enum merge_error decode_mappings(struct input *input);
enum merge_error decode_functions(struct input *input);
enum merge_error decode_locations(struct input *input);
enum merge_error decode_samples(struct input *input);

#endif
