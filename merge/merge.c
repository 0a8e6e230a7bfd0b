// merge.c: many encoded profiles in, one out. Threads, memory: as merge.h; besides the result there is one inflated input at a time.
#include "merge.h"

#include "fault.h"

#include <stdlib.h>

static enum merge_error add_all(struct profile *profile, const void *const *inputs, const size_t *sizes, size_t count,
                                struct merge_fault *fault) {
    for (size_t i = 0; i < count; i++) {
        enum merge_error error = profile_decode(profile, inputs[i], sizes[i], NULL, NULL, fault);
        if (error != MERGE_OK) {
            fault_prefix(fault, "input", i);
            return error;
        }
    }
    return MERGE_OK;
}

enum merge_error merge_profiles(const void *const *inputs, const size_t *sizes, size_t count, enum merge_compression compression,
                                uint8_t **bytes, size_t *size, struct merge_fault *fault) {
    *bytes = NULL;
    *size = 0;
    if (fault)
        *fault = (struct merge_fault){0};
    if (count == 0)
        return fault_set(fault, MERGE_TRUNCATED, 0, "no profiles to merge");
    struct profile *profile = profile_new();
    if (!profile)
        return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory for a profile");
    enum merge_error error = add_all(profile, inputs, sizes, count, fault);
    profile_trim(profile);
    if (error == MERGE_OK) {
        error = profile_encode(profile, compression, bytes, size);
        if (error != MERGE_OK)
            fault_set(fault, error, 0, "no memory for the result");
    }
    profile_free(profile);
    return error;
}
