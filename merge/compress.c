// compress.c: gzip through libdeflate and zstd through libzstd, both ways.
//
// Threads: any; nothing is shared. Memory: one buffer for the result, never above the caller's limit, besides what the libraries need for
// themselves (some 100 KiB; whole buffers only, so no zstd window).
// Inflating works in one go into a buffer of a guessed size that is doubled until the result fits: the sizes that gzip and zstd write into
// their streams are hints that may lie.
#include "compress.h"

#include "fault.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

// Level 1 of both: a profile shrinks by 4 already, and the time counts inside a service. runtime/pprof writes gzip of level 1, too.
#define GZIP_LEVEL 1
#define ZSTD_LEVEL 1

enum merge_compression compress_kind(const uint8_t *bytes, size_t size) {
    static const uint8_t zstd[4] = {0x28, 0xb5, 0x2f, 0xfd};
    if (size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b)
        return MERGE_GZIP;
    if (size >= 4 && memcmp(bytes, zstd, sizeof zstd) == 0)
        return MERGE_ZSTD;
    // A skippable frame of zstd, which holds metadata: its first byte is anything from 0x50 to 0x5f.
    if (size >= 4 && (bytes[0] & 0xf0) == 0x50 && bytes[1] == 0x2a && bytes[2] == 0x4d && bytes[3] == 0x18)
        return MERGE_ZSTD;
    return MERGE_RAW;
}

// ---- Out ----

static enum merge_error deflate_bytes(const uint8_t *bytes, size_t size, uint8_t **out, size_t *out_size) {
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(GZIP_LEVEL);
    if (!compressor)
        return MERGE_NO_MEMORY;
    size_t bound = libdeflate_gzip_compress_bound(compressor, size);
    uint8_t *buffer = malloc(bound);
    if (buffer) {
        *out_size = libdeflate_gzip_compress(compressor, bytes, size, buffer, bound);
        *out = buffer;
    }
    libdeflate_free_compressor(compressor);
    return buffer ? MERGE_OK : MERGE_NO_MEMORY;
}

static enum merge_error zstd_bytes(const uint8_t *bytes, size_t size, uint8_t **out, size_t *out_size) {
    size_t bound = ZSTD_compressBound(size);
    uint8_t *buffer = malloc(bound);
    if (!buffer)
        return MERGE_NO_MEMORY;
    size_t result = ZSTD_compress(buffer, bound, bytes, size, ZSTD_LEVEL);
    if (ZSTD_isError(result)) { // with room for the worst case only the memory can fail
        free(buffer);
        return MERGE_NO_MEMORY;
    }
    *out = buffer;
    *out_size = result;
    return MERGE_OK;
}

enum merge_error compress_bytes(enum merge_compression compression, const uint8_t *bytes, size_t size, uint8_t **out, size_t *out_size) {
    enum merge_error error = compression == MERGE_ZSTD ? zstd_bytes(bytes, size, out, out_size) : deflate_bytes(bytes, size, out, out_size);
    if (error != MERGE_OK)
        return error;
    uint8_t *shrunk = realloc(*out, *out_size); // the bound is as large as the input
    if (shrunk)
        *out = shrunk;
    return MERGE_OK;
}

// ---- In ----

struct inflation {
    const uint8_t *bytes;
    size_t size, limit;
    uint8_t *out;
    size_t out_size, capacity;
    struct merge_fault *fault;
};

// Makes the buffer at least `wanted` bytes large, as far as the limit allows.
static enum merge_error grow(struct inflation *job, size_t wanted) {
    if (wanted > job->limit)
        wanted = job->limit;
    if (wanted <= job->capacity && job->out)
        return fault_set(job->fault, MERGE_TOO_LARGE, job->out_size, "inflated input is over the limit of %zu bytes", job->limit);
    // One byte more, so that a limit of 0 is no special case.
    uint8_t *out = realloc(job->out, wanted + 1);
    if (!out)
        return fault_set(job->fault, MERGE_NO_MEMORY, 0, "no memory for %zu bytes of inflated input", wanted);
    job->out = out;
    job->capacity = wanted;
    return MERGE_OK;
}

static enum merge_error inflate_gzip(struct inflation *job, struct libdeflate_decompressor *decompressor) {
    for (size_t at = 0; at < job->size;) {
        size_t used = 0, made = 0;
        // At least 18 bytes of header and trailer: less can only be the rest of a member.
        if (job->size - at < 18)
            return fault_set(job->fault, MERGE_TRUNCATED, at, "the gzip stream ends inside a member");
        enum libdeflate_result result = libdeflate_gzip_decompress_ex(
            decompressor, job->bytes + at, job->size - at, job->out + job->out_size, job->capacity - job->out_size, &used, &made);
        if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
            enum merge_error error = grow(job, job->capacity * 2);
            if (error != MERGE_OK)
                return error;
            continue;
        }
        if (result != LIBDEFLATE_SUCCESS)
            return fault_set(job->fault, MERGE_BAD_COMPRESSION, at, "the gzip stream is damaged or cut off");
        at += used;
        job->out_size += made;
    }
    return MERGE_OK;
}

static enum merge_error inflate_zstd(struct inflation *job, ZSTD_DCtx *context) {
    for (;;) {
        size_t made = ZSTD_decompressDCtx(context, job->out, job->capacity, job->bytes, job->size);
        if (!ZSTD_isError(made)) {
            job->out_size = made;
            return MERGE_OK;
        }
        switch (ZSTD_getErrorCode(made)) {
        case ZSTD_error_dstSize_tooSmall: {
            enum merge_error error = grow(job, job->capacity * 2);
            if (error != MERGE_OK)
                return error;
            break;
        }
        case ZSTD_error_memory_allocation:
            return fault_set(job->fault, MERGE_NO_MEMORY, 0, "no memory to inflate");
        case ZSTD_error_srcSize_wrong:
            return fault_set(job->fault, MERGE_TRUNCATED, 0, "the zstd stream ends inside a frame");
        default:
            return fault_set(job->fault, MERGE_BAD_COMPRESSION, 0, "zstd: %s", ZSTD_getErrorName(made));
        }
    }
}

// What the stream says about its size, as far as it is believable: a lie may cost address space, of which a part of the limit at most.
static size_t first_guess(const struct inflation *job, enum merge_compression kind) {
    size_t guess = job->size < SIZE_MAX / 8 ? job->size * 8 : SIZE_MAX;
    if (kind == MERGE_GZIP && job->size >= 18) {
        const uint8_t *end = job->bytes + job->size; // gzip ends in its size modulo 2^32, little endian
        size_t said = (size_t)end[-4] | (size_t)end[-3] << 8 | (size_t)end[-2] << 16 | (size_t)end[-1] << 24;
        if (said / 1032 <= job->size) // the most that deflate can do
            guess = said;
    } else if (kind == MERGE_ZSTD) {
        unsigned long long said = ZSTD_getFrameContentSize(job->bytes, job->size);
        if (said != ZSTD_CONTENTSIZE_UNKNOWN && said != ZSTD_CONTENTSIZE_ERROR && said / 1032 <= job->size)
            guess = (size_t)said;
    }
    return guess < 512 ? 512 : guess;
}

static enum merge_error inflate_any(struct inflation *job, enum merge_compression kind) {
    if (kind == MERGE_RAW && job->size > job->limit)
        return fault_set(job->fault, MERGE_TOO_LARGE, 0, "input of %zu bytes is over the limit of %zu bytes", job->size, job->limit);
    enum merge_error error = grow(job, kind == MERGE_RAW ? job->size : first_guess(job, kind));
    if (error != MERGE_OK)
        return error;
    if (kind == MERGE_RAW) {
        if (job->size > 0)
            memcpy(job->out, job->bytes, job->size);
        job->out_size = job->size;
        return MERGE_OK;
    }
    error = MERGE_NO_MEMORY;
    if (kind == MERGE_GZIP) {
        struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
        if (decompressor)
            error = inflate_gzip(job, decompressor);
        libdeflate_free_decompressor(decompressor);
    } else {
        ZSTD_DCtx *context = ZSTD_createDCtx();
        if (context)
            error = inflate_zstd(job, context);
        ZSTD_freeDCtx(context);
    }
    if (error == MERGE_NO_MEMORY)
        fault_set(job->fault, error, 0, "no memory to inflate");
    return error;
}

enum merge_error merge_inflate(const void *bytes, size_t size, size_t limit_bytes, uint8_t **out, size_t *out_size,
                               struct merge_fault *fault) {
    *out = NULL;
    *out_size = 0;
    if (fault)
        *fault = (struct merge_fault){0};
    if (limit_bytes > SIZE_MAX - 1)
        limit_bytes = SIZE_MAX - 1;
    struct inflation job = {.bytes = bytes, .size = size, .limit = limit_bytes, .fault = fault};
    enum merge_error error = inflate_any(&job, compress_kind(bytes, size));
    if (error != MERGE_OK) {
        free(job.out);
        return error;
    }
    uint8_t *shrunk = realloc(job.out, job.out_size + 1);
    *out = shrunk ? shrunk : job.out;
    *out_size = job.out_size;
    return MERGE_OK;
}
