// delta.h: inside of struct delta, shared by delta.c (the state and the arithmetic) and delta_write.c (the result). For these two only.
#ifndef CMEMPROF_MERGE_DELTA_H
#define CMEMPROF_MERGE_DELTA_H

#include "namespace.h"
#include "compress.h"
#include "decode.h"
#include "profile.h"

struct delta {
    char **types; // to be subtracted
    size_t type_count;
    enum delta_rule rule;
    int level;
    struct merge_limits limits;
    bool tells_once;

    struct profile *known; // NULL: no profile yet, or there was an error
    bool seeded;           // `last` is that of a profile
    bool has_told;         // there was a result
    bool lost;             // of tells_once: what has been told is not known any more
    size_t footprint;      // of `known` when it was made
    int64_t last_time_ns;
    uint64_t saturated;

    struct array subtract;              // bool, for each type of `known`
    struct array current, last;         // int64_t: a row for each sample of `known`
    struct array seen;                  // bool: a sample of `known` that the new profile has
    uint32_t evicted;                   // index of the sample of MERGE_EVICTED in `known`, counted from 1; 0: none
    struct array told;                  // int64_t, for each type: what it has taken over and earlier results had
    struct array locations, ids, marks; // of delta_write: uint64_t, uint32_t, bool
    struct wire_writer raw, packed;     // the result
    struct compress compress;
};

// The result for one sample of `known`. False: all zeros.
bool delta_row(struct delta *delta, uint32_t sample, int64_t *row);
// Writes the result into delta->raw, out of the bytes of the profile that is staged in `known`. False: no memory.
bool delta_write(struct delta *delta, int64_t duration_ns);

#endif
