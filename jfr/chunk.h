// chunk.h: one chunk: its header, and its events one after the other.
//
// All numbers of the header are big-endian:
//
//     0  "FLR\0"            16  offset of the last checkpoint    48  start in ticks         A chunk is its header, then events: size
//     4  major, minor       24  offset of the metadata event     56  ticks per second       (of all of it), type id, and the fields. Type
//     8  size of the chunk  32  start in ns, 40 duration in ns   64  features               0 is the metadata, type 1 a checkpoint.
//
// A JVM that was killed leaves a chunk whose header knows neither its size nor its metadata: it goes on to the end of the recording.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_JFR_CHUNK_H
#define CMEMPROF_JFR_CHUNK_H

#include "metadata.h"

enum { JFR_HEADER_BYTES = 68, JFR_TYPE_METADATA = 0, JFR_TYPE_CHECKPOINT = 1 };

struct jfr_gap { // no event can be read at `from`: go on at `to`, which is behind it, or within the event before, if that is too long
    const uint8_t *from, *to;
};
enum { JFR_MAX_GAPS = 1 << 12 };

struct jfr_chunk {
    const uint8_t *start, *end; // end: of the available bytes
    const uint8_t *events_end;  // what is behind is not walked: an event there is damaged; else the end
    struct jfr_gap *gaps;       // what walks pass over, in order; the recording's (reading.h)
    size_t gap_count, gap_capacity;
    uint64_t offset;     // of the start in the recording
    uint64_t metadata;   // offset in the chunk; 0: unknown
    uint64_t checkpoint; // offset of the last one, which has the distance to the one before; 0: unknown
    uint16_t major, minor;
    int64_t start_ns, duration_ns, start_ticks, ticks_per_second;
    bool fixed;  // integers are not varints
    bool cut;    // the bytes end before the chunk does
    bool opaque; // its metadata cannot be read: events have no fields
};

// bytes: of the recording from the chunk on. Returns NULL, or the fault.
const char *jfr_chunk_read(struct jfr_chunk *chunk, const uint8_t *bytes, size_t size, uint64_t offset);

static inline int64_t jfr_chunk_span_ns(const struct jfr_chunk *chunk, int64_t ticks) {
    __int128 ns = (__int128)ticks * 1000000000 / chunk->ticks_per_second;
    return ns > INT64_MAX ? INT64_MAX : ns < INT64_MIN ? INT64_MIN : (int64_t)ns;
}
static inline int64_t jfr_chunk_time_ns(const struct jfr_chunk *chunk, int64_t ticks) {
    __int128 ns = (__int128)chunk->start_ns + ((__int128)ticks - chunk->start_ticks) * 1000000000 / chunk->ticks_per_second;
    return ns > INT64_MAX ? INT64_MAX : ns < INT64_MIN ? INT64_MIN : (int64_t)ns;
}
// A field's number in nanoseconds, as its content and clock say; other numbers are returned as they are.
int64_t jfr_chunk_field_ns(const struct jfr_chunk *chunk, const struct jfr_member *member, int64_t number);

struct jfr_walk {
    const struct jfr_chunk *chunk;
    const uint8_t *at;     // the next event, or
    const uint8_t *gap_at; // where the next gap begins; NULL: there is none
    size_t gap;            // and which it is
    // The current one:
    const uint8_t *event;
    int64_t type;
    uint64_t size;
    struct jfr_cursor body; // behind size and type
    const char *fault;      // why it ended, if not at the end of the chunk; event is where
};
static inline struct jfr_walk jfr_walk(const struct jfr_chunk *chunk) {
    return (struct jfr_walk){
        .chunk = chunk, .at = chunk->start + JFR_HEADER_BYTES, .gap_at = chunk->gap_count > 0 ? chunk->gaps[0].from : NULL};
}
static inline void jfr_walk_pass_gap(struct jfr_walk *walk) {
    const struct jfr_chunk *chunk = walk->chunk;
    walk->at = chunk->gaps[walk->gap++].to;
    walk->gap_at = walk->gap < chunk->gap_count ? chunk->gaps[walk->gap].from : NULL;
}
// False: there are no more. An event that is cut off by the end of a chunk that is cut is none.
static inline bool jfr_walk_next(struct jfr_walk *walk) {
    const struct jfr_chunk *chunk = walk->chunk;
    if (walk->at == walk->gap_at) {
        jfr_walk_pass_gap(walk);
    }
    walk->event = walk->at;
    if (walk->at >= chunk->events_end) {
        return false;
    }
    struct jfr_cursor cursor = {walk->at, chunk->end, chunk->fixed, false};
    uint64_t size = jfr_number(&cursor, 4);
    walk->type = (int64_t)jfr_number(&cursor, 8);
    if (size < (uint64_t)(cursor.at - walk->at) || cursor.failed || size > (uint64_t)(chunk->end - walk->at)) {
        bool cut = chunk->cut && (cursor.failed || size > (uint64_t)(chunk->end - walk->at));
        walk->fault = cut                                                         ? NULL
                      : cursor.failed || size > (uint64_t)(chunk->end - walk->at) ? "an event beyond the end of its chunk"
                      : size == 0                                                 ? "an event of size 0"
                                                                                  : "an event that is smaller than its header";
        return false;
    }
    walk->size = size;
    walk->body = cursor;
    walk->body.end = walk->at + size;
    walk->at += size;
    return true;
}

// The checkpoints of a chunk whose walk ends early that are behind its end, the last one first. JVMs write most constants there.
struct jfr_chain {
    const struct jfr_chunk *chunk;
    uint64_t at, before; // offset of the next one, 0: none; where it must have ended
    struct jfr_cursor body;
};
struct jfr_chain jfr_chain(const struct jfr_chunk *chunk);
bool jfr_chain_next(struct jfr_chain *chain);

// Where the next chunk seems to begin, from `from` on; NULL: nowhere.
const uint8_t *jfr_chunk_search(const uint8_t *from, const uint8_t *end);
// A chunk that is cut, by its header, and has another chunk among its events, or behind those that can be read, ends there. Returns whether
// it does.
bool jfr_chunk_end_at_next(struct jfr_chunk *chunk);

// The chunk's metadata event: where the header says it is, or else the last one among the events. NULL: none.
const uint8_t *jfr_chunk_find_metadata(const struct jfr_chunk *chunk);
// Reads it. Returns NULL, or the fault.
const char *jfr_chunk_metadata(const struct jfr_chunk *chunk, struct jfr_metadata *metadata, bool *no_memory);

#endif
