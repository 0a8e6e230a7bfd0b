// merge_inputs.h: merges as package merge does: decodes each input, trims, encodes.
#ifndef CMEMPROF_MERGE_TEST_MERGE_INPUTS_H
#define CMEMPROF_MERGE_TEST_MERGE_INPUTS_H

#include "../fault.h"
#include "../merge.h"

static inline enum merge_error merge_inputs(const void *const *inputs, const size_t *sizes, size_t count,
                                            enum merge_compression compression, uint8_t **bytes, size_t *size, struct merge_fault *fault) {
    *bytes = NULL;
    *size = 0;
    *fault = (struct merge_fault){0};
    struct profile *profile = profile_new();
    if (!profile) {
        return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory for a profile");
    }
    enum merge_error error = MERGE_OK;
    for (size_t i = 0; error == MERGE_OK && i < count; i++) {
        error = profile_decode(profile, inputs[i], sizes[i], NULL, NULL, fault);
    }
    profile_trim(profile);
    if (error == MERGE_OK && (error = profile_encode(profile, compression, bytes, size)) != MERGE_OK) {
        fault_set(fault, error, 0, "no memory for the result");
    }
    profile_free(profile);
    return error;
}

#endif
