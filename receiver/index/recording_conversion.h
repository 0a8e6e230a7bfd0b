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
// bytes: attachment `name` of upload `id`, as received; files are never rewritten, so these two name a conversion. cache NULL: none. Caller
// calls conversion_free. Otherwise than RECEIVER_OK there is nothing to free, and text has the fault.
enum receiver_error conversion_of(struct cache *cache, int64_t id, const char *name, const void *bytes, size_t size,
                                  struct conversion *conversion, char *text, size_t text_size);
void conversion_free(struct conversion *conversion);

#endif
