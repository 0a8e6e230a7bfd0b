// rollup.h: what a roll-up holds (rollups/rollup_base.h): the merged profile of its uploads, and all that views report of them.
//
// Merging is associative: the merge of roll-ups is that of their files, and so are sums of types, counts, times and failures. Labels are
// kept but for those that its row names.
//
// Threads: the caller's. Memory: malloc.
#ifndef CMEMPROF_RECEIVER_ROLLUP_H
#define CMEMPROF_RECEIVER_ROLLUP_H

#include "sweep.h"
#include "type_sums.h"

struct rollup {
    struct sweep_report report; // uploads, time, failures, counts of types
    struct type_sums sums;
    uint64_t file_bytes;    // of the attachments as received
    const uint8_t *profile; // encoded (zstd); not owned
    size_t profile_size;
};
// *bytes is malloc'ed. Returns false without memory.
bool rollup_encode(const struct rollup *rollup, uint8_t **bytes, size_t *size);
// rollup->profile points into bytes. Returns false for anything that rollup_encode has not written.
bool rollup_decode(const uint8_t *bytes, size_t size, struct rollup *rollup);

#endif
