// inflate.c: reads LZ4 frames for merge/compress.c; declared in merge/compress.h.
//
// A separate folder, so that Go services and preloaded programs, which link merge/, do not need liblz4. The receiver and the command, which
// read other profilers' uploads, link it; merge/ then accepts LZ4 input everywhere.
//
// Threads: any. Memory: the caller's buffer, and in liblz4 two blocks of the frame, 4 MiB each at most.
#include "../merge/compress.h"
#include "../merge/fault.h"
#include "../merge/memory.h"

#include <lz4frame.h>
#include <string.h>

// Doubles the buffer, up to the limit.
static enum merge_error grow(struct wire_writer *out, size_t limit) {
    size_t wanted = out->capacity < limit / 2 ? out->capacity * 2 : limit;
    wanted = wanted < 4096 && limit >= 4096 ? 4096 : wanted;
    if (wanted <= out->capacity) {
        return MERGE_OK;
    }
    uint8_t *bytes = memory_resize(out->bytes, wanted + 1);
    if (!bytes) {
        return MERGE_NO_MEMORY;
    }
    out->bytes = bytes;
    out->capacity = wanted;
    return MERGE_OK;
}

static enum merge_error lz4_fault(struct merge_fault *fault, size_t result, size_t at) {
    const char *name = LZ4F_getErrorName(result);
    if (strcmp(name, "ERROR_allocation_failed") == 0) {
        return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory to inflate");
    }
    return fault_set(fault, MERGE_BAD_COMPRESSION, at, "LZ4: %s", name);
}

static enum merge_error read_frames(LZ4F_dctx *context, const uint8_t *bytes, size_t size, size_t limit, struct wire_writer *out,
                                    struct merge_fault *fault) {
    for (size_t at = 0;;) {
        uint8_t beyond; // at the limit: receives one byte if there is more output
        size_t capacity = out->capacity < limit ? out->capacity : limit;
        size_t available = capacity > out->size ? capacity - out->size : 0, made = available > 0 ? available : 1, used = size - at;
        size_t left = LZ4F_decompress(context, available > 0 ? out->bytes + out->size : &beyond, &made, bytes + at, &used, NULL);
        if (LZ4F_isError(left)) {
            return lz4_fault(fault, left, out->size);
        }
        if (available == 0 && made > 0) {
            return MERGE_TOO_LARGE;
        }
        at += used;
        out->size += made;
        if (left == 0 && at == size) {
            return MERGE_OK;
        }
        if (available > 0 && made == available) {
            enum merge_error error = grow(out, limit);
            if (error != MERGE_OK) {
                return fault_set(fault, error, 0, "no memory for %zu bytes of inflated input", out->capacity);
            }
        } else if (at == size) {
            return fault_set(fault, MERGE_TRUNCATED, out->size, "the LZ4 stream ends inside a frame");
        } else if (used == 0 && made == 0) { // no known version does this; it would loop for ever
            return fault_set(fault, MERGE_BAD_COMPRESSION, out->size, "LZ4: no progress");
        }
    }
}

enum merge_error compress_lz4_frames(const uint8_t *bytes, size_t size, size_t limit, struct wire_writer *out, struct merge_fault *fault) {
    LZ4F_dctx *context = NULL;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) {
        return fault_set(fault, MERGE_NO_MEMORY, 0, "no memory to inflate");
    }
    enum merge_error error = read_frames(context, bytes, size, limit, out, fault);
    LZ4F_freeDecompressionContext(context);
    return error;
}
