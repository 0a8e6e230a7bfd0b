// jfr.h: reads the container of Java Flight Recorder files: the count of events by type in a recording. Does not read the events.
//
// A file is a sequence of self-contained chunks. All numbers of the header are big-endian:
//
//     0  "FLR\0"            16  offset of the constant pool      48  start in ticks         A chunk is its header, then events: size
//     4  major, minor       24  offset of the metadata event     56  ticks per second       (of all of it), type id, and the fields. The
//     8  size of the chunk  32  start in ns, 40 duration in ns   64  features               metadata event (type 0) is a tree of elements
//                                                                                           that names the types.
// Numbers in events are LEB128 (feature 1, set by every JVM since 9), of up to 9 bytes: the ninth has 8 bits.
//
// Threads: any. Memory: malloc, some KB per type. Input is not trusted: sizes, counts and depths are checked.
#ifndef CMEMPROF_RECEIVER_JFR_H
#define CMEMPROF_RECEIVER_JFR_H

#include "../base/error.h"
#include "../base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jfr_type {
    char *name, *label; // "jdk.ExecutionSample", "Method Profiling Sample" or NULL
    uint64_t count, size_bytes;
};
struct jfr {
    uint16_t major, minor; // of the first chunk
    size_t chunks;
    int64_t start_ns, duration_ns; // the earliest start, and from it to the latest end
    bool truncated;                // the file ends within the last chunk
    struct jfr_type *types;        // with at least one event, the most frequent first
    size_t count;
};

// bytes: a recording, inflated. RECEIVER_BAD_UPLOAD: text has the fault; jfr needs no free then.
enum receiver_error jfr_read(const void *bytes, size_t size, struct jfr *jfr, char *text, size_t text_size);
void jfr_free(struct jfr *jfr);
// Writes the whole answer, of a recording as received: gzip, zstd or neither.
enum receiver_error jfr_write(const void *bytes, size_t size, struct json *json, char *text, size_t text_size);

#endif
