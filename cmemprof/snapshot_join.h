// snapshot_join.h (naming): a snapshot as a part of another profile, without being encoded: for package merge's Delta.Join.
//
// Threads and memory: as cmemprof.h.
#ifndef CMEMPROF_SNAPSHOT_JOIN_H
#define CMEMPROF_SNAPSHOT_JOIN_H

#include "namespace.h"
#include "cmemprof.h"

struct profile;
enum { CMEMPROF_HEAP_TYPES = 4 }; // in the order that cmemprof.h has them in

// Adds the heap profile of a snapshot to a profile that has these four sample types, in any order, or none. totals: sums of what was added,
// without mappings. After an error that is not the profile's own status (../merge/merge.h) no sample was added.
enum cmemprof_error snapshot_join(struct cmemprof_snapshot *snapshot, const struct cmemprof_go_names *names, struct profile *profile,
                                  int64_t totals[CMEMPROF_HEAP_TYPES]);

#endif
