// rollup_make.h: makes a roll-up (rollup.h) of the files of some uploads, one of a day of those of its hours.
//
// Labels are kept, but for keys with ROLLUP_MAX_VALUES values or more (span ids, timestamps), and for all of them where the roll-up would
// take too much of the disk otherwise. It may take a tenth of its files, one of a day a twentieth: what would be larger is not made, as
// what cannot be merged, is too large, or counts beyond 64 bits, and its files are read for each view.
//
// Threads: any, one per call. Memory: malloc, counted by merge_use_budget: the result, and one inflated attachment.
#ifndef CMEMPROF_RECEIVER_ROLLUP_MAKE_H
#define CMEMPROF_RECEIVER_ROLLUP_MAKE_H

#include "../rollups/rollup_base.h"
#include "upload_list.h"

#include <stdatomic.h>

enum { ROLLUP_MAX_VALUES = 64 };

struct store;
struct rollup_made {
    uint8_t *bytes; // NULL: not to be made; its files are to be read
    size_t size;
    char *dropped; // keys of labels that it lacks, a line each
};
// Of one stream. stop: ends it before the next file, RECEIVER_CLIENT_GONE. RECEIVER_NOT_FOUND: some uploads have gone meanwhile.
// RECEIVER_NO_MEMORY: of the machine or of the budget. Any other error: a file could not be read, for a cause that may pass.
enum receiver_error rollup_make(struct store *store, const struct upload_list *list, const char *attachment, enum rollup_level level,
                                const atomic_bool *stop, struct rollup_made *made);
void rollup_made_free(struct rollup_made *made);

#endif
