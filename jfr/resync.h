// resync.h: where events go on behind one that cannot be read.
//
// An event says how long it is and nothing else says where the next one begins, so behind a size that is wrong the bytes are searched for a
// place where events follow each other: of types of the metadata, with sizes that fit, at times near the chunk's, JFR_RESYNC_TIMED of them
// that have a time, or fewer if they end exactly where the chunk does. What is between is lost, and said.
//
// Threads: as the metadata's owner. Memory: none.
#ifndef CMEMPROF_JFR_RESYNC_H
#define CMEMPROF_JFR_RESYNC_H

#include "chunk.h"

enum { JFR_RESYNC_TIMED = 2, JFR_RESYNC_EVENTS = 16 }; // as many events are looked at for those that have a time

// Whether events follow each other from `at` on.
bool jfr_events_follow(const struct jfr_chunk *chunk, struct jfr_metadata *metadata, const uint8_t *at);
// Returns the first such place from `from` on. NULL: there is none.
const uint8_t *jfr_resync(const struct jfr_chunk *chunk, struct jfr_metadata *metadata, const uint8_t *from);

#endif
