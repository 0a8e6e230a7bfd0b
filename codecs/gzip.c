// gzip.c: gzip through libdeflate, both ways.
//
// Inflates into a buffer of an estimated size, which is doubled until the result fits. Compressors are cached for the life of the process:
// as many per level as were in use at the same time, at most eight.
#include "codecs.h"

#include <libdeflate.h>
#include <stdatomic.h>

#include "../merge/fault.h"

// Level 1 compresses profiles by 4 already. runtime/pprof uses gzip level 1, too.
#define DEFAULT_LEVEL 1
#define MAX_LEVEL 12
// Cached per level; more are freed after use.
#define SPARE_COMPRESSORS 8

// ---- Compress ----

// A libdeflate compressor takes 200 KiB and more of the host's heap. A custom allocator per compressor needs libdeflate 1.19; older
// versions only have a process-wide one, which the host may use. So compressors are cached for the life of the process.
static _Atomic(struct libdeflate_compressor *) spare[MAX_LEVEL + 1][SPARE_COMPRESSORS];

static struct libdeflate_compressor *borrow(int level) {
    for (int i = 0; i < SPARE_COMPRESSORS; i++) {
        struct libdeflate_compressor *compressor = atomic_exchange(&spare[level][i], NULL);
        if (compressor) {
            return compressor;
        }
    }
    return libdeflate_alloc_compressor(level);
}

static void give_back(struct libdeflate_compressor *compressor, int level) {
    for (int i = 0; i < SPARE_COMPRESSORS; i++) {
        struct libdeflate_compressor *none = NULL;
        if (atomic_compare_exchange_strong(&spare[level][i], &none, compressor)) {
            return;
        }
    }
    libdeflate_free_compressor(compressor);
}

static enum merge_error deflate(struct compress *compress, int level, const uint8_t *bytes, size_t size, struct wire_writer *out) {
    (void)compress;
    level = level <= 0 ? DEFAULT_LEVEL : level < MAX_LEVEL ? level : MAX_LEVEL;
    struct libdeflate_compressor *compressor = borrow(level);
    if (!compressor) {
        return MERGE_NO_MEMORY;
    }
    bool fits = compress_fit(out, libdeflate_gzip_compress_bound(compressor, size));
    if (fits) {
        out->size = libdeflate_gzip_compress(compressor, bytes, size, out->bytes, out->capacity);
    }
    give_back(compressor, level);
    return fits ? MERGE_OK : MERGE_NO_MEMORY;
}

size_t codecs_gzip(const void *bytes, size_t size, void *out, size_t out_size) {
    struct libdeflate_compressor *compressor = borrow(DEFAULT_LEVEL);
    if (!compressor) {
        return 0;
    }
    size_t used = libdeflate_gzip_compress(compressor, bytes, size, out, out_size);
    give_back(compressor, DEFAULT_LEVEL);
    return used;
}

// ---- Inflate ----

enum { MAX_RATIO = 1032 };

// gzip ends with its size modulo 2^32, little-endian.
static size_t said_size(const uint8_t *bytes, size_t size) {
    const uint8_t *end = bytes + size;
    return size < 18 ? 0 : (size_t)end[-4] | (size_t)end[-3] << 8 | (size_t)end[-2] << 16 | (size_t)end[-1] << 24;
}

static enum merge_error inflate(struct compress *compress, struct inflation *job) {
    struct libdeflate_decompressor *decompressor = compress->gzip_in;
    if (!decompressor && !(decompressor = compress->gzip_in = libdeflate_alloc_decompressor())) {
        return fault_set(job->fault, MERGE_NO_MEMORY, 0, "no memory to inflate");
    }
    for (size_t at = 0; at < job->size;) {
        size_t used = 0, made = 0;
        // A member has at least 18 bytes of header and trailer: less is a truncated one.
        if (job->size - at < 18) {
            return fault_set(job->fault, MERGE_TRUNCATED, at, "the gzip stream ends inside a member");
        }
        enum libdeflate_result result = libdeflate_gzip_decompress_ex(
            decompressor, job->bytes + at, job->size - at, job->out->bytes + job->out->size, inflation_remaining(job), &used, &made);
        // A truncated member goes on for ever with libdeflate 1.7, which reads zeros behind its end: but two bits make 258 bytes at most.
        if (result == LIBDEFLATE_INSUFFICIENT_SPACE && inflation_remaining(job) / MAX_RATIO > job->size - at) {
            return fault_set(job->fault, MERGE_BAD_COMPRESSION, at, "the gzip stream is damaged or truncated");
        }
        if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
            enum merge_error error = inflation_grow(job, job->out->capacity * 2);
            if (error != MERGE_OK) {
                return error;
            }
            continue;
        }
        if (result != LIBDEFLATE_SUCCESS) {
            return fault_set(job->fault, MERGE_BAD_COMPRESSION, at, "the gzip stream is damaged or truncated");
        }
        at += used;
        job->out->size += made;
    }
    return MERGE_OK;
}

static void free_contexts(struct compress *compress) {
    libdeflate_free_decompressor(compress->gzip_in);
}

const struct codec codecs_gzip_codec = {said_size, inflate, deflate, free_contexts};
