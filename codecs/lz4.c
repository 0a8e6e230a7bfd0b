// lz4.c: reads LZ4 frames through liblz4.
#include "codecs.h"

#include <lz4frame.h>
#include <string.h>

#include "../merge/fault.h"

static enum merge_error lz4_fault(struct merge_fault *fault, size_t result, size_t at) {
    const char *name = LZ4F_getErrorName(result);
    if (strcmp(name, "ERROR_allocation_failed") == 0) {
        return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory to inflate");
    }
    return fault_set(fault, MERGE_BAD_COMPRESSION, at, "LZ4: %s", name);
}

static enum merge_error read_frames(LZ4F_dctx *context, struct inflation *job) {
    struct wire_writer *out = job->out;
    for (size_t at = 0;;) {
        uint8_t beyond; // at the limit: receives one byte if there is more output
        size_t available = inflation_remaining(job), made = available > 0 ? available : 1, used = job->size - at;
        size_t left = LZ4F_decompress(context, available > 0 ? out->bytes + out->size : &beyond, &made, job->bytes + at, &used, NULL);
        if (LZ4F_isError(left)) {
            return lz4_fault(job->fault, left, out->size);
        }
        if (available == 0 && made > 0) {
            return inflation_over_limit(job);
        }
        at += used;
        out->size += made;
        if (left == 0 && at == job->size) {
            return MERGE_OK;
        }
        if (available > 0 && made == available) {
            size_t wanted = out->capacity < 2048 ? 4096 : out->capacity * 2;
            enum merge_error error = out->capacity < job->limit ? inflation_grow(job, wanted) : MERGE_OK;
            if (error != MERGE_OK) {
                return error;
            }
        } else if (at == job->size) {
            return fault_set(job->fault, MERGE_TRUNCATED, out->size, "the LZ4 stream ends inside a frame");
        } else if (used == 0 && made == 0) { // no known version does this; it would loop for ever
            return fault_set(job->fault, MERGE_BAD_COMPRESSION, out->size, "LZ4: no progress");
        }
    }
}

static enum merge_error inflate(struct compress *compress, struct inflation *job) {
    (void)compress;
    LZ4F_dctx *context = NULL;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) {
        return fault_set(job->fault, MERGE_NO_MEMORY, 0, "no memory to inflate");
    }
    enum merge_error error = read_frames(context, job);
    LZ4F_freeDecompressionContext(context);
    return error;
}

static size_t said_size(const uint8_t *bytes, size_t size) {
    (void)bytes;
    (void)size;
    return 0;
}

static void free_contexts(struct compress *compress) {
    (void)compress;
}

const struct codec codecs_lz4_codec = {said_size, inflate, NULL, free_contexts};
