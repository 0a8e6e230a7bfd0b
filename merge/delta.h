// delta.h: struct delta, internal to delta.c (state and arithmetic), delta_write.c (output) and delta_join.c (profiles in parts).
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

    struct profile *known; // NULL: no profile yet, or after an error
    bool seeded;           // `last` holds a profile's values
    bool has_reported;     // there was a result
    bool lost;             // tells_once only: the values already reported are unknown
    size_t footprint;      // of `known` when it was created
    int64_t last_time_ns;
    uint64_t saturated;

    struct array subtract;              // bool, for each type of `known`
    struct array current, last;         // int64_t: a row for each sample of `known`
    struct array seen;                  // bool: the new profile has this sample of `known`
    uint32_t evicted;                   // index + 1 of the sample of MERGE_EVICTED in `known`; 0: none
    struct array reported;              // int64_t per type: the part of the evicted sample that earlier deltas already reported
    struct array locations, ids, marks; // scratch of delta_write: uint64_t, uint32_t, bool
    struct wire_writer raw, packed;     // the result
    struct compress compress;
    bool joining; // between delta_begin and delta_end
};

void delta_forget(struct delta *delta); // `known`
// Sets for each type of `known` whether it is subtracted.
enum merge_error delta_find_types(struct delta *delta, struct merge_fault *fault);
// Sets evicted and reported, from current and last. False: no memory.
bool delta_find_evicted(struct delta *delta);
// Of the result, given the new profile's time and duration.
int64_t delta_duration_ns(const struct delta *delta, int64_t time_ns, int64_t duration_ns);
// Writes the result into delta->raw, from `known` with its header, whose values become those of the delta.
enum merge_error delta_encode(struct delta *delta, int64_t duration_ns);
// Approximate size of the tables, in bytes.
size_t delta_footprint(const struct profile *profile);
// Makes current the new last.
void delta_keep_values(struct delta *delta, int64_t time_ns);

// Computes the delta of one sample of `known`. False: all zeros.
bool delta_row(struct delta *delta, uint32_t sample, int64_t *row);
// Writes the result into delta->raw, from the bytes of the profile staged in `known`. False: no memory.
bool delta_write(struct delta *delta, int64_t duration_ns);

#endif
