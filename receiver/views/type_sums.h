// type_sums.h: the sums of many profiles by sample type (totals of merge.h), for /api/types.
//
// Threads: the owner's. Memory: the caller's.
#ifndef CMEMPROF_RECEIVER_TYPE_SUMS_H
#define CMEMPROF_RECEIVER_TYPE_SUMS_H

#include "../../merge/merge.h"

struct type_sums { // zero-initialised
    struct totals totals;
    size_t profiles[TOTALS_MAX_TYPES]; // with the type
};
// A type in two units is one, in the smaller. profiles: with each type of `more`; NULL: one. Sums saturate.
void type_sums_add(struct type_sums *sums, const struct totals *more, const size_t *profiles);

#endif
