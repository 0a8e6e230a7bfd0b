// adding.h: the entries of a profile that is added to a request, in the request's dictionary (internal to this folder).
//
// Each is written when it is first used. The profile has equal ones once, so each of its ids has one index.
#ifndef CMEMPROF_OTLP_ADDING_H
#define CMEMPROF_OTLP_ADDING_H

#include "../merge/profile.h"
#include "namespace.h"
#include "tables.h"

// The index of a location as a varint.
struct sent_location {
    uint8_t bytes[7], size; // size 0: it is not in the dictionary yet
};

// What runs a frame, in OpenTelemetry's words.
enum frame_type { TYPE_UNKNOWN, TYPE_GO, TYPE_NATIVE, TYPE_JVM, TYPE_CPYTHON, TYPE_V8JS, TYPE_RUBY, TYPE_PHP, TYPE_PERL, TYPE_COUNT };

// Entries by the profile's ids; 0: not in the dictionary yet, or none.
struct adding {
    struct tables *tables;
    const struct profile *profile;
    int64_t hash_since_ns; // otlp_hash_files
    uint32_t *strings, *mappings, *functions;
    struct sent_location *locations;
    uint8_t *function_types; // enum frame_type; TYPE_UNKNOWN: not looked at yet, or the function does not tell
    uint32_t type_attributes[TYPE_COUNT];
    struct array lines; // uint32_t functions of the location that is being written
};

bool adding_begin(struct adding *adding, struct tables *tables, const struct profile *profile,
                  int64_t hash_since_ns); // false: no memory; end it all the same
void adding_end(struct adding *adding);

uint32_t adding_string(struct adding *adding, uint32_t id);
struct value adding_text(const struct adding *adding, uint32_t id);        // the value of an attribute
void adding_location(struct adding *adding, uint32_t id);                  // gives it its bytes
uint32_t adding_stack(struct adding *adding, const struct sample *sample); // of locations that have theirs

#endif
