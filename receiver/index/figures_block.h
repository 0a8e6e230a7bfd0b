// figures_block.h: the figures of some uploads of one process as bytes, in columns.
//
//     u64    FNV-1a of all that follows
//     count  of uploads; then of each: id (distance to the one before), u32 fingerprint, states of its sources (4 bits)
//     texts  of sources that failed: upload, source, length, bytes; ended by the count of uploads
//     names  their count; then of each: length, bytes, and its column:
//       0 f64             all uploads have this number
//       1 distances       all have a whole number: zigzag distance to the one before
//       2 f64...          all have a number
//       3 bits 0|1|2 ...  only those whose bit is set, in a column of one of the kinds above
//
// Numbers without a type are LEB128; f64, u32 and u64 are little-endian. 60 figures of a profiler for Go take 150 to 200 bytes an upload.
// What is read is exactly what was written, or nothing: a block whose hash or form is wrong is damaged.
//
// Threads: a struct belongs to one. Memory: malloc; 8 bytes for each figure of a decoded block, of FIGURES_BLOCK_UPLOADS at most.
#ifndef CMEMPROF_RECEIVER_FIGURES_BLOCK_H
#define CMEMPROF_RECEIVER_FIGURES_BLOCK_H

#include "figures.h"

#include <stdint.h>

enum { FIGURES_BLOCK_UPLOADS = 256, FIGURES_BLOCK_NAMES = 1024 };

struct figures_block_upload {
    int64_t id;
    uint32_t fingerprint; // figures_fingerprint
    enum figures_state states[FIGURES_SOURCES];
    char *texts[FIGURES_SOURCES]; // of what failed; NULL: none
};
struct figures_block_name {
    char name[FIGURES_NAME_BYTES];
    double *values; // by upload; NAN: none
};
struct figures_block {
    struct figures_block_upload *uploads; // by id
    size_t count, upload_capacity;
    size_t room;                      // uploads that it can have; 0: FIGURES_BLOCK_UPLOADS
    struct figures_block_name *names; // in the order in which they came
    size_t name_count, name_capacity;
};
// Tells whether an id is still that of the same upload: another one may have it if somebody replaces the data directory's files.
uint32_t figures_fingerprint(uint64_t process, int64_t start_ms, int64_t end_ms);

void figures_block_free(struct figures_block *block); // zero-initialised is empty
// Adds an upload, whose id is higher than all others. Names beyond FIGURES_BLOCK_NAMES are left out. RECEIVER_TOO_LARGE: it is full.
enum receiver_error figures_block_add(struct figures_block *block, int64_t id, uint32_t fingerprint, const struct figures *figures);
// Adds all of another, whose ids are higher.
enum receiver_error figures_block_append(struct figures_block *block, const struct figures_block *other);
enum receiver_error figures_block_encode(const struct figures_block *block, uint8_t **bytes, size_t *size);
enum receiver_error figures_block_decode(const void *bytes, size_t size, struct figures_block *block); // RECEIVER_DAMAGED: it is no block

#endif
