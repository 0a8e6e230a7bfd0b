// compress.c: see compress.h.
//
// Inflation is one-shot into a buffer of an estimated size: the sizes in gzip and zstd streams are untrusted hints.
#include "compress.h"

#include "../base/check.h"
#include "fault.h"
#include "memory.h"

#include <string.h>

// Exempt from the ratio limit: small profiles can compress better than large ones.
#define FREE_RATIO_BYTES ((size_t)1 << 20)

static const char *const kind_names[] = {[MERGE_RAW] = "uncompressed", [MERGE_GZIP] = "gzip", [MERGE_ZSTD] = "zstd", [MERGE_LZ4] = "LZ4"};

static const struct codec *find_codec(enum merge_compression kind) {
    return codec_of ? codec_of(kind) : NULL;
}

void compress_free(struct compress *compress) {
    for (enum merge_compression kind = MERGE_GZIP; kind <= MERGE_LZ4; kind++) {
        const struct codec *codec = find_codec(kind);
        if (codec) {
            codec->free(compress);
        }
    }
    *compress = (struct compress){0};
}

// Skippable frames hold metadata: a first byte from 0x50 to 0x5f, three more, a little-endian 4-byte size. zstd and LZ4 share them, so
// only the frame after them identifies the format.
static size_t skip_frames(const uint8_t *bytes, size_t size) {
    size_t at = 0;
    while (size - at >= 4 && (bytes[at] & 0xf0) == 0x50 && bytes[at + 1] == 0x2a && bytes[at + 2] == 0x4d && bytes[at + 3] == 0x18) {
        if (size - at < 8) {
            return size;
        }
        const uint8_t *said = bytes + at + 4;
        size_t length = (size_t)said[0] | (size_t)said[1] << 8 | (size_t)said[2] << 16 | (size_t)said[3] << 24;
        if (length > size - at - 8) {
            return size;
        }
        at += 8 + length;
    }
    return at;
}

enum merge_compression compress_kind(const uint8_t *bytes, size_t size) {
    static const uint8_t zstd[4] = {0x28, 0xb5, 0x2f, 0xfd}, lz4[4] = {0x04, 0x22, 0x4d, 0x18};
    if (size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b) {
        return MERGE_GZIP;
    }
    size_t skipped = skip_frames(bytes, size);
    if (size - skipped >= 4 && memcmp(bytes + skipped, lz4, sizeof lz4) == 0) {
        return MERGE_LZ4;
    }
    return skipped > 0 || (size >= 4 && memcmp(bytes, zstd, sizeof zstd) == 0) ? MERGE_ZSTD : MERGE_RAW;
}

bool compress_fit(struct wire_writer *out, size_t wanted) {
    out->size = 0;
    if (wanted <= out->capacity && out->bytes) {
        return true;
    }
    memory_free(out->bytes);
    out->bytes = memory_take(wanted + 1);
    out->capacity = out->bytes ? wanted : 0;
    return out->bytes;
}

enum merge_error compress_deflate(struct compress *compress, enum merge_compression compression, int level, const uint8_t *bytes,
                                  size_t size, struct wire_writer *out) {
    CHECK(compression == MERGE_GZIP || compression == MERGE_ZSTD);
    const struct codec *codec = find_codec(compression);
    return codec ? codec->deflate(compress, level, bytes, size, out) : MERGE_BAD_COMPRESSION;
}

// ---- Inflate ----

enum merge_error inflation_over_limit(const struct inflation *job) {
    return fault_set(job->fault, MERGE_TOO_LARGE, job->limit, "inflated input is over the limit of %zu bytes (%s)", job->limit,
                     job->limit_name);
}

enum merge_error inflation_grow(struct inflation *job, size_t wanted) {
    struct wire_writer *out = job->out;
    if (wanted > job->limit) {
        wanted = job->limit;
    }
    if (wanted <= out->capacity && out->bytes) {
        return inflation_over_limit(job);
    }
    // Plus 1, so that a limit of 0 is not a special case.
    uint8_t *bytes = memory_resize(out->bytes, wanted + 1);
    if (!bytes) {
        return fault_set(job->fault, MERGE_NO_MEMORY, 0, "no memory for %zu bytes of inflated input", wanted);
    }
    out->bytes = bytes;
    out->capacity = wanted;
    return MERGE_OK;
}

// The size that the stream declares, if it is plausible: 1032 is the maximum ratio of deflate. A false one costs address space only, at
// most the limit.
static size_t first_guess(const struct inflation *job, const struct codec *codec) {
    size_t said = codec->said_size(job->bytes, job->size);
    size_t guess = said != 0 && said / 1032 <= job->size ? said : job->size < SIZE_MAX / 8 ? job->size * 8 : SIZE_MAX;
    return guess < 512 ? 512 : guess;
}

static enum merge_error inflate_any(struct compress *compress, struct inflation *job, enum merge_compression kind) {
    const struct codec *codec = find_codec(kind);
    if (kind == MERGE_RAW && job->size > job->limit) {
        return fault_set(job->fault, MERGE_TOO_LARGE, 0, "input of %zu bytes is over the limit of %zu bytes", job->size, job->limit);
    }
    if (kind != MERGE_RAW && !codec) {
        return fault_set(job->fault, MERGE_BAD_COMPRESSION, 0, "%s input is not supported here; decompress it first", kind_names[kind]);
    }
    size_t wanted = kind == MERGE_RAW ? job->size : first_guess(job, codec);
    if (wanted > job->limit) {
        wanted = job->limit;
    }
    if (!compress_fit(job->out, wanted)) {
        return fault_set(job->fault, MERGE_NO_MEMORY, 0, "no memory for %zu bytes of inflated input", wanted);
    }
    if (kind != MERGE_RAW) {
        return codec->inflate(compress, job);
    }
    if (job->size > 0) {
        memcpy(job->out->bytes, job->bytes, job->size);
    }
    job->out->size = job->size;
    return MERGE_OK;
}

enum merge_error compress_inflate(struct compress *compress, const void *bytes, size_t size, const struct merge_limits *limits,
                                  struct wire_writer *out, struct merge_fault *fault) {
    struct inflation job = {.bytes = bytes, .size = size, .limit = limits->input_bytes, .out = out, .fault = fault};
    enum merge_compression kind = compress_kind(bytes, size);
    job.limit_name = "size";
    if (job.limit > SIZE_MAX - 1) {
        job.limit = SIZE_MAX - 1;
    }
    size_t ratio = limits->inflate_ratio;
    if (kind != MERGE_RAW && ratio > 0 && size < job.limit / ratio) {
        size_t max_bytes = size * ratio > FREE_RATIO_BYTES ? size * ratio : FREE_RATIO_BYTES;
        if (max_bytes < job.limit) {
            job.limit = max_bytes;
            job.limit_name = "compression ratio";
        }
    }
    enum merge_error error = inflate_any(compress, &job, kind);
    if (error != MERGE_OK) {
        out->size = 0;
    }
    return error;
}

enum merge_error merge_inflate_limited(const void *bytes, size_t size, const struct merge_limits *limits, uint8_t **out, size_t *out_size,
                                       struct merge_fault *fault) {
    *out = NULL;
    *out_size = 0;
    if (fault) {
        *fault = (struct merge_fault){0};
    }
    struct compress compress = {0};
    struct wire_writer inflated = {0};
    enum merge_error error = compress_inflate(&compress, bytes, size, limits ? limits : &merge_default_limits, &inflated, fault);
    compress_free(&compress);
    if (error == MERGE_OK) {
        return wire_hand_over(&inflated, out, out_size) ? MERGE_OK : fault_set(fault, MERGE_NO_MEMORY, 0, "no memory for the result");
    }
    wire_free(&inflated);
    return error;
}

enum merge_error merge_inflate(const void *bytes, size_t size, size_t limit_bytes, uint8_t **out, size_t *out_size,
                               struct merge_fault *fault) {
    struct merge_limits limits = merge_default_limits;
    limits.input_bytes = limit_bytes;
    return merge_inflate_limited(bytes, size, &limits, out, out_size, fault);
}
