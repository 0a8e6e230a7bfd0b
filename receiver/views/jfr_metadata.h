// jfr_metadata.h: the metadata event of a chunk of a Java Flight Recorder file: names of types. For jfr.c only (see jfr.h).
//
//     size, type 0, start, duration, metadata id, string pool (count, then strings), then one element: name (index in the pool), attributes
//     (count, then pairs of pool indices), children (count, then elements)
//
// The types are the elements "class" below root/metadata, with the attributes "id" and "name". A child "annotation" of the type
// jdk.jfr.Label has the label for people in its attribute "value".
// Threads, memory: as jfr.h.
#ifndef CMEMPROF_RECEIVER_JFR_METADATA_H
#define CMEMPROF_RECEIVER_JFR_METADATA_H

#include "../../merge/intern.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jfr_reader {
    const uint8_t *at, *end;
    bool compressed_numbers;
    bool failed; // read beyond the end; numbers are 0 from then on
};
uint64_t jfr_read_number(struct jfr_reader *reader);
uint64_t jfr_read_size(struct jfr_reader *reader); // of an event: 4 bytes if numbers are not compressed

struct jfr_class {
    int64_t id;
    char *name, *label; // NULL: not in the metadata
    uint64_t events, bytes;
};
struct jfr_metadata {
    struct jfr_class *classes;
    size_t count, capacity;
    struct intern ids; // of classes, index + 1
    uint64_t seed;
};

// reader: at the metadata event. Returns NULL, or the fault.
const char *jfr_metadata_read(struct jfr_metadata *metadata, struct jfr_reader reader);
bool jfr_metadata_count(struct jfr_metadata *metadata, int64_t id, uint64_t size); // one event. False: too many types, or no memory
void jfr_metadata_free(struct jfr_metadata *metadata);

#endif
