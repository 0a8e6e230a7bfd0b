// making.h: what profiles.c knows while it makes the profiles of a recording, and warnings.c says of them.
//
// Threads: as the recording's owner. Memory: malloc, held by jfr_profiles.
#ifndef CMEMPROF_JFR_MAKING_H
#define CMEMPROF_JFR_MAKING_H

#include "../merge/merge.h"
#include "../merge/string_table.h"
#include "kinds.h"
#include "reading.h"
#include "settings.h"
#include "tally.h"

// Of all profiles of a recording together; 4 bytes each. Few bytes of input can name one long stack very often.
enum { JFR_MAX_FRAMES_IN_ALL = 64 << 20 };

struct handler { // of a type of event, in one chunk. Two class loaders may each have a type of one name
    struct jfr_plan plan;
    const struct jfr_source *source;
    const struct jfr_member *start; // when an event began: its first field; NULL: it has none
};

struct making {
    struct jfr *jfr;
    int64_t step_ns;           // of times of samples; 0: they have none
    struct profile **profiles; // by kind; NULL: not wanted
    const struct jfr_source *used[JFR_MAX_SOURCES];
    size_t used_count;
    struct handler *handlers; // of this chunk
    size_t handler_count, handler_capacity;
    uint32_t *class_handler; // index of handler + 1, by class
    size_t class_count;
    int best[JFR_KINDS]; // the lowest rank of a source that has had an event; sources of higher ranks are not used
    struct jfr_chunk *chunk;
    struct jfr_reading reading;    // of the chunk
    struct jfr_metadata *metadata; // of the chunk; the recording's
    struct jfr_pools pools;
    struct jfr_names names;
    struct jfr_settings settings;
    struct jfr_tally tally, firsts; // firsts: threads with an ObjectAllocationSample
    struct string_table texts;      // in place in events, over all chunks
    uint64_t batch;                 // of live objects, the last of the chunk
    int64_t first_bytes, frames;    // first_bytes: of the firsts
    int64_t cpu_ns;                 // of all samples
    uint64_t left_out, damaged;     // samples; events and pools
    uint64_t first_damage;          // byte of the first damaged event or pool
    uint64_t idle_parks, failed;    // events
    bool period_missing[JFR_KINDS], size_missing;
};

// Returns NULL if no event of the kind is used.
const struct jfr_source *jfr_first_used(const struct making *making, enum jfr_kind kind);
// Adds what a reader of the finished profile should know to its comments.
void jfr_warn(const struct making *making, enum jfr_kind kind);

#endif
