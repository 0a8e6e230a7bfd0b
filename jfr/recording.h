// recording.h: struct jfr, internal to this folder.
// Threads: one at a time. Memory: see jfr.h.
#ifndef CMEMPROF_JFR_RECORDING_H
#define CMEMPROF_JFR_RECORDING_H

#include "../merge/string_table.h"
#include "chunk.h"
#include "jfr.h"

struct jfr_times {
    int64_t first, last; // ns
    bool known;
};

struct jfr {
    const uint8_t *bytes;
    size_t size;
    uint8_t *inflated; // NULL: the bytes are the caller's, or mapped, or `piped`
    uint8_t *piped;    // what was read of a file that cannot be mapped
    size_t counted;    // against the thread's budget (merge.h)
    void *mapped;
    size_t mapped_size;
    struct jfr_about about;
    struct jfr_chunk *chunks;
    size_t chunk_capacity; // about.chunks counts them
    bool read;             // the events are counted, and what is damaged is known (reading.h)
    struct jfr_times times;
    struct jfr_type *types;
    size_t type_count, type_capacity;
    struct intern names; // of types, index + 1
    uint64_t seed;
    struct string_table texts; // of types
    struct jfr_arena arena;
    // The last one that was read. The chunks of a JVM mostly have the same, byte for byte.
    struct jfr_metadata metadata;
    const uint8_t *metadata_at;             // what of its event is the same; NULL: none
    size_t metadata_size, metadata_classes; // how many classes it defines: it gains those that events have beside
};

// The chunk's metadata, with all counts 0, which is the recording's and valid until the next call. Returns NULL and the fault; *no_memory
// as jfr_metadata_read.
struct jfr_metadata *jfr_metadata_of(struct jfr *jfr, const struct jfr_chunk *chunk, const char **fault, bool *no_memory);

// Gives the pages of a mapped recording back to the kernel, which keeps the file's. They may be read again.
void jfr_release(const struct jfr *jfr, const uint8_t *from, const uint8_t *to);
// What to call now and then while a chunk is read from its start: releases what is behind.
enum { JFR_RELEASE_BYTES = 1 << 20 };
static inline void jfr_release_behind(const struct jfr *jfr, const uint8_t **released, const uint8_t *at) {
    if (jfr->mapped && at - *released > JFR_RELEASE_BYTES) {
        jfr_release(jfr, *released, at);
        *released = at;
    }
}
// The index of the type, + 1; 0: none.
uint32_t jfr_type_index(const struct jfr *jfr, const char *name);
// Notes damage. Only the first, by its place, keeps its text.
void jfr_damaged(struct jfr *jfr, uint64_t offset, const char *text);

// types.c. Adds a chunk's counts, and sorts when all are added. False: no memory. Too many types are damage.
bool jfr_types_add(struct jfr *jfr, const struct jfr_chunk *chunk, const struct jfr_metadata *metadata);
bool jfr_types_sort(struct jfr *jfr);

#endif
