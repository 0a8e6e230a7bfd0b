// go_names.h (naming): the names that Go has given to its addresses, as functions of a profile.
//
// Threads: one at a time. Memory: memory.h.
#ifndef CMEMPROF_GO_NAMES_H
#define CMEMPROF_GO_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "../merge/merge.h"
#include "namespace.h"
#include "cmemprof.h"
#include "location_kind.h"

struct go_names {
    const struct cmemprof_go_names *given; // NULL: there are none
    uint32_t *first;                       // per address: index of its first frame
};

// given may be NULL. Returns CMEMPROF_BAD_NAMES if it has fewer frames than its counts sum to.
enum cmemprof_error go_names_open(struct go_names *names, const struct cmemprof_go_names *given);
void go_names_close(struct go_names *names); // also after a failed open, or of all zeros

static inline enum cmemprof_error go_names_error(enum merge_error error) {
    return error == MERGE_OK ? CMEMPROF_OK : error == MERGE_NO_MEMORY ? CMEMPROF_NO_MEMORY : CMEMPROF_ENCODING;
}

enum { GO_NAMES_MAX_LINES = 32 };
// Sets lines to the frames of the address with this index, innermost inlined function first, and kind to what they are. Returns their
// number; 0: it is unknown, or to be left out.
size_t go_names_lines(const struct go_names *names, struct profile *profile, size_t index, struct profile_line *lines,
                      enum location_kind *kind);

#endif
