// reading.h: walks the events of a chunk. The first walk over a recording counts them and finds what is damaged; that may be the one that
// makes profiles, so that those who want both read it once.
//
//     for each chunk: jfr_reading_begin, jfr_reading_next until false, jfr_reading_end; then jfr_reading_done
//
// Behind an event that cannot be read, the first walk looks for the next one (resync.h) and keeps where it goes on as a gap, which walks
// pass over. The event before may be to blame, with a size that is too large: then it goes on within that.
//
// Threads: as the recording's owner. Memory: the recording's.
#ifndef CMEMPROF_JFR_READING_H
#define CMEMPROF_JFR_READING_H

#include "recording.h"

struct jfr_reading {
    struct jfr *jfr;
    struct jfr_chunk *chunk;
    struct jfr_metadata *metadata; // NULL: it cannot be read
    struct jfr_metadata *types;    // the metadata, or `numbers`
    struct jfr_metadata numbers;   // of a chunk without metadata: its types have numbers
    struct jfr_walk walk;          // at the current event
    uint32_t class;                // of it; JFR_NO_CLASS: of no type in the metadata
    const uint8_t *previous;       // of a first walk: the event before, which may be too long; NULL: none, or behind a gap
    bool first;                    // the events are to be counted
    bool hopeless;                 // no events follow behind what is damaged
    bool no_memory;
    const uint8_t *released;
    int64_t last_ns; // the latest start of an event, in a chunk that is cut
};

// Returns JFR_OK also if the chunk has no metadata that can be read.
enum jfr_error jfr_reading_begin(struct jfr_reading *reading, struct jfr *jfr, struct jfr_chunk *chunk);
// Behind the last chunk of the first walk: the recording's times, and its types in their order. Returns JFR_OK or JFR_NO_MEMORY.
enum jfr_error jfr_reading_done(struct jfr *jfr);
// Returns JFR_OK, JFR_NO_MEMORY. To be called after jfr_reading_begin, whatever that returned.
enum jfr_error jfr_reading_end(struct jfr_reading *reading);
// Only counts.
enum jfr_error jfr_reading_count(struct jfr *jfr);

// Of the first walk, which ended: false if it does so here.
bool jfr_reading_resume(struct jfr_reading *reading);
// Of the first walk, which met a type that is not in the metadata: sets the class, or passes over the event.
bool jfr_reading_unknown(struct jfr_reading *reading);
void jfr_reading_time(struct jfr_reading *reading);

static inline bool jfr_reading_next(struct jfr_reading *reading) {
    struct jfr_walk *walk = &reading->walk;
    bool known;
    do {
        if (!jfr_walk_next(walk) && !(reading->first && jfr_reading_resume(reading) && jfr_walk_next(walk))) {
            return false;
        }
        reading->class = jfr_metadata_type(reading->types, walk->type);
        known = reading->class != JFR_NO_CLASS || !reading->first || jfr_reading_unknown(reading);
    } while (!known && !reading->no_memory && !walk->fault);
    if (!known) {
        return false;
    }
    if (reading->first) {
        struct jfr_class *class = &reading->types->classes[reading->class];
        class->events++;
        class->bytes += walk->size;
        reading->jfr->about.events++;
        reading->previous = walk->event;
        if (reading->chunk->cut) {
            jfr_reading_time(reading);
        }
    }
    jfr_release_behind(reading->jfr, &reading->released, walk->event);
    return true;
}

#endif
