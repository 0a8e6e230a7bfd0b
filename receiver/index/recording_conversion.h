// recording_conversion.h: what views and measures need of a recording of Java, made once: its profile and its figures. Kept in a cache,
// which is bounded and may be emptied: a conversion that is not in it is made again.
//
// Threads: any. Memory: malloc; while it is made, the inflated recording (RECORDING_MAX_MIB at most).
#ifndef CMEMPROF_RECEIVER_RECORDING_CONVERSION_H
#define CMEMPROF_RECEIVER_RECORDING_CONVERSION_H

#include "../base/cache.h"
#include "recording_figures.h"

#include <stdint.h>

enum { CONVERSIONS_BYTES = 64 << 20 }; // of a receiver's cache

struct conversion {
    struct recording_figures figures;
    const uint8_t *profile; // recording_profile's
    size_t profile_size;
    void *memory; // both
};
// Which conversion: of attachment `name` of upload `id`, whose files are never rewritten. step_ns: of the times of samples (jfr_profiles),
// which only views of time need, as there are many more samples; 0: they have none.
struct conversion_key {
    int64_t id;
    const char *name;
    int64_t step_ns;
};
enum { CONVERSION_STEP_NS = 10000000 }; // a sampler's usual period
// bytes: the attachment as received. cache NULL: none. Caller calls conversion_free. Otherwise than RECEIVER_OK there is nothing to free,
// and text has the fault.
enum receiver_error conversion_of(struct cache *cache, const struct conversion_key *key, const void *bytes, size_t size,
                                  struct conversion *conversion, char *text, size_t text_size);
void conversion_free(struct conversion *conversion);

#endif
