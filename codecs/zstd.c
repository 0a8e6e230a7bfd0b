// zstd.c: zstd through libzstd, both ways.
//
// Inflates into a buffer of an estimated size; if the result does not fit, it is measured first.
#include "codecs.h"

#include <zstd_errors.h>
#define ZSTD_STATIC_LINKING_ONLY // despite its name, the shared library exports the two functions used here
#include <zstd.h>

#include "../merge/fault.h"
#include "../merge/memory.h"

#define DEFAULT_LEVEL 1
// Readers should support windows of 8 MiB (RFC 8878), and writers of small streams declare that much. libzstd's default maximum is 128 MiB.
#define LEAST_WINDOW_LOG 23
#define MAX_WINDOW_LOG 27

static void *take_for_zstd(void *unused, size_t size) {
    (void)unused;
    return memory_take(size);
}

static void free_for_zstd(void *unused, void *block) {
    (void)unused;
    memory_free(block);
}

static const ZSTD_customMem own_memory = {take_for_zstd, free_for_zstd, NULL};

static enum merge_error deflate(struct compress *compress, int level, const uint8_t *bytes, size_t size, struct wire_writer *out) {
    if (!compress->zstd_out) {
        compress->zstd_out = ZSTD_createCCtx_advanced(own_memory);
    }
    if (!compress->zstd_out || !compress_fit(out, ZSTD_compressBound(size))) {
        return MERGE_NO_MEMORY;
    }
    size_t result = ZSTD_compressCCtx(compress->zstd_out, out->bytes, out->capacity, bytes, size,
                                      level <= 0                 ? DEFAULT_LEVEL
                                      : level < ZSTD_maxCLevel() ? level
                                                                 : ZSTD_maxCLevel());
    if (ZSTD_isError(result)) { // the buffer fits the worst case, so it can only be out of memory
        return MERGE_NO_MEMORY;
    }
    out->size = result;
    return MERGE_OK;
}

// ---- Inflate ----

static size_t said_size(const uint8_t *bytes, size_t size) {
    unsigned long long said = ZSTD_getFrameContentSize(bytes, size);
    return said != ZSTD_CONTENTSIZE_UNKNOWN && said != ZSTD_CONTENTSIZE_ERROR ? (size_t)said : 0;
}

static enum merge_error zstd_fault(const struct inflation *job, size_t result, size_t at) {
    switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_memory_allocation:
        return fault_set(job->fault, MERGE_NO_MEMORY, 0, "no memory to inflate");
    case ZSTD_error_srcSize_wrong:
        return fault_set(job->fault, MERGE_TRUNCATED, at, "the zstd stream ends inside a frame");
    default:
        return fault_set(job->fault, MERGE_BAD_COMPRESSION, at, "zstd: %s", ZSTD_getErrorName(result));
    }
}

// Decompresses the stream through a small buffer, up to the limit, to measure it. libzstd's window may be as large as the limit; only as
// much of it is touched as is decompressed.
static enum merge_error read_zstd(const struct inflation *job, ZSTD_DStream *stream, size_t *size) {
    uint8_t bytes[16 * 1024];
    ZSTD_inBuffer in = {job->bytes, job->size, 0};
    ZSTD_outBuffer out = {bytes, sizeof bytes, 0};
    size_t left = 0; // 0 at the end of a frame
    int window_log = LEAST_WINDOW_LOG;
    while (window_log < MAX_WINDOW_LOG && (size_t)1 << window_log < job->limit) {
        window_log++;
    }
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, window_log);
    for (*size = 0; in.pos < in.size || (left != 0 && out.pos == out.size); *size += out.pos) {
        if (*size > job->limit) {
            return inflation_over_limit(job);
        }
        out.pos = 0;
        left = ZSTD_decompressStream(stream, &out, &in);
        if (ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge) { // does not imply that the output is too large
            *size = job->limit;
            return inflation_remaining(job) < job->limit ? MERGE_OK : inflation_over_limit(job);
        }
        if (ZSTD_isError(left)) {
            return zstd_fault(job, left, *size + out.pos);
        }
    }
    if (left != 0) {
        return fault_set(job->fault, MERGE_TRUNCATED, *size, "the zstd stream ends inside a frame");
    }
    return *size > job->limit ? inflation_over_limit(job) : MERGE_OK;
}

static enum merge_error measure_zstd(const struct inflation *job, size_t *size) {
    ZSTD_DStream *stream = ZSTD_createDCtx_advanced(own_memory); // a temporary one, so that its window is freed
    if (!stream) {
        return fault_set(job->fault, MERGE_NO_MEMORY, 0, "no memory to inflate");
    }
    enum merge_error error = read_zstd(job, stream, size);
    ZSTD_freeDStream(stream);
    return error;
}

static enum merge_error inflate(struct compress *compress, struct inflation *job) {
    ZSTD_DCtx *context = compress->zstd_in;
    if (!context && !(context = compress->zstd_in = ZSTD_createDCtx_advanced(own_memory))) {
        return fault_set(job->fault, MERGE_NO_MEMORY, 0, "no memory to inflate");
    }
    for (;;) {
        size_t made = ZSTD_decompressDCtx(context, job->out->bytes, inflation_remaining(job), job->bytes, job->size);
        if (!ZSTD_isError(made)) {
            job->out->size = made;
            return MERGE_OK;
        }
        // Damaged frames often give "buffer too small", too. Streaming finds the true size, or the position of the damage.
        size_t size = 0;
        enum merge_error error = measure_zstd(job, &size);
        if (error == MERGE_OK && size <= inflation_remaining(job)) {
            return zstd_fault(job, made, 0);
        }
        if (error == MERGE_OK) {
            error = inflation_grow(job, size);
        }
        if (error != MERGE_OK) {
            return error;
        }
    }
}

static void free_contexts(struct compress *compress) {
    ZSTD_freeDCtx(compress->zstd_in);
    ZSTD_freeCCtx(compress->zstd_out);
}

const struct codec codecs_zstd_codec = {said_size, inflate, deflate, free_contexts};
