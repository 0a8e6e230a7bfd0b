// compress.c: gzip through libdeflate and zstd through libzstd, both ways; LZ4 input if the folder lz4/ is linked.
//
// Threads and memory: as compress.h; buffers never exceed the caller's limit.
// Inflation is one-shot into a buffer of an estimated size: the sizes in gzip and zstd streams are untrusted hints.
// If the result does not fit, the buffer is doubled until it does (gzip), or the result is measured first (zstd).
#include "compress.h"

#include "../base/check.h"
#include "fault.h"

#include <libdeflate.h>
#include <stdatomic.h>
#include <string.h>
#include <zstd_errors.h>
#define ZSTD_STATIC_LINKING_ONLY // despite its name, the shared library exports the two functions used here
#include <zstd.h>

// Level 1 for both: it compresses profiles by 4 already, and CPU time matters in a service. runtime/pprof uses gzip level 1, too.
#define DEFAULT_LEVEL 1
#define MAX_GZIP_LEVEL 12
// Cached per level; more are freed after use.
#define SPARE_COMPRESSORS 8
// Readers should support windows of 8 MiB (RFC 8878), and writers of small streams declare that much. libzstd's default maximum is 128 MiB.
#define LEAST_WINDOW_LOG 23
#define MAX_WINDOW_LOG 27
// Exempt from the ratio limit: small profiles can compress better than large ones.
#define FREE_RATIO_BYTES ((size_t)1 << 20)

static void *take_for_zstd(void *unused, size_t size) {
    (void)unused;
    return memory_take(size);
}

static void free_for_zstd(void *unused, void *block) {
    (void)unused;
    memory_free(block);
}

static const ZSTD_customMem own_memory = {take_for_zstd, free_for_zstd, NULL};

void compress_free(struct compress *compress) {
    libdeflate_free_decompressor(compress->inflater);
    ZSTD_freeDCtx(compress->zstd_in);
    ZSTD_freeCCtx(compress->zstd_out);
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

// Allocates at least `wanted` bytes and discards the buffer's contents.
static bool fit(struct wire_writer *out, size_t wanted) {
    out->size = 0;
    if (wanted <= out->capacity && out->bytes) {
        return true;
    }
    memory_free(out->bytes);
    out->bytes = memory_take(wanted + 1);
    out->capacity = out->bytes ? wanted : 0;
    return out->bytes != NULL;
}

// ---- Compress ----

// A libdeflate compressor takes 200 KiB and more of the host's heap. A custom allocator per compressor needs libdeflate 1.19; older
// versions only have a process-wide one, which the host may use. So compressors are cached for the life of the process.
static _Atomic(struct libdeflate_compressor *) spare[MAX_GZIP_LEVEL + 1][SPARE_COMPRESSORS];

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

static enum merge_error deflate_bytes(int level, const uint8_t *bytes, size_t size, struct wire_writer *out) {
    struct libdeflate_compressor *compressor = borrow(level);
    if (!compressor) {
        return MERGE_NO_MEMORY;
    }
    bool fits = fit(out, libdeflate_gzip_compress_bound(compressor, size));
    if (fits) {
        out->size = libdeflate_gzip_compress(compressor, bytes, size, out->bytes, out->capacity);
    }
    give_back(compressor, level);
    return fits ? MERGE_OK : MERGE_NO_MEMORY;
}

size_t merge_gzip(const void *bytes, size_t size, void *out, size_t out_size) {
    struct libdeflate_compressor *compressor = borrow(DEFAULT_LEVEL);
    if (!compressor) {
        return 0;
    }
    size_t used = libdeflate_gzip_compress(compressor, bytes, size, out, out_size);
    give_back(compressor, DEFAULT_LEVEL);
    return used;
}

static enum merge_error zstd_bytes(struct compress *compress, int level, const uint8_t *bytes, size_t size, struct wire_writer *out) {
    if (!compress->zstd_out) {
        compress->zstd_out = ZSTD_createCCtx_advanced(own_memory);
    }
    if (!compress->zstd_out || !fit(out, ZSTD_compressBound(size))) {
        return MERGE_NO_MEMORY;
    }
    size_t result = ZSTD_compressCCtx(compress->zstd_out, out->bytes, out->capacity, bytes, size, level);
    if (ZSTD_isError(result)) { // the buffer fits the worst case, so it can only be out of memory
        return MERGE_NO_MEMORY;
    }
    out->size = result;
    return MERGE_OK;
}

enum merge_error compress_deflate(struct compress *compress, enum merge_compression compression, int level, const uint8_t *bytes,
                                  size_t size, struct wire_writer *out) {
    CHECK(compression == MERGE_GZIP || compression == MERGE_ZSTD);
    if (level <= 0) {
        level = DEFAULT_LEVEL;
    }
    if (compression == MERGE_ZSTD) {
        return zstd_bytes(compress, level < ZSTD_maxCLevel() ? level : ZSTD_maxCLevel(), bytes, size, out);
    }
    return deflate_bytes(level < MAX_GZIP_LEVEL ? level : MAX_GZIP_LEVEL, bytes, size, out);
}

// ---- Inflate ----

struct inflation {
    const uint8_t *bytes;
    size_t size, limit;
    const char *limit_name;
    struct wire_writer *out;
    struct merge_fault *fault;
};

static enum merge_error over_limit(const struct inflation *job) {
    return fault_set(job->fault, MERGE_TOO_LARGE, job->limit, "inflated input is over the limit of %zu bytes (%s)", job->limit,
                     job->limit_name);
}

// Grows the buffer to `wanted` bytes, but not beyond the limit.
static enum merge_error grow(struct inflation *job, size_t wanted) {
    struct wire_writer *out = job->out;
    if (wanted > job->limit) {
        wanted = job->limit;
    }
    if (wanted <= out->capacity && out->bytes) {
        return over_limit(job);
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

// Free bytes of the buffer. A buffer from an earlier call may exceed this input's limit.
static size_t remaining(const struct inflation *job) {
    return (job->out->capacity < job->limit ? job->out->capacity : job->limit) - job->out->size;
}

static enum merge_error inflate_gzip(struct inflation *job, struct libdeflate_decompressor *decompressor) {
    for (size_t at = 0; at < job->size;) {
        size_t used = 0, made = 0;
        // A member has at least 18 bytes of header and trailer: less is a truncated one.
        if (job->size - at < 18) {
            return fault_set(job->fault, MERGE_TRUNCATED, at, "the gzip stream ends inside a member");
        }
        enum libdeflate_result result = libdeflate_gzip_decompress_ex(decompressor, job->bytes + at, job->size - at,
                                                                      job->out->bytes + job->out->size, remaining(job), &used, &made);
        if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
            enum merge_error error = grow(job, job->out->capacity * 2);
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
            return over_limit(job);
        }
        out.pos = 0;
        left = ZSTD_decompressStream(stream, &out, &in);
        if (ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge) { // does not imply that the output is too large
            *size = job->limit;
            return remaining(job) < job->limit ? MERGE_OK : over_limit(job);
        }
        if (ZSTD_isError(left)) {
            return zstd_fault(job, left, *size + out.pos);
        }
    }
    if (left != 0) {
        return fault_set(job->fault, MERGE_TRUNCATED, *size, "the zstd stream ends inside a frame");
    }
    return *size > job->limit ? over_limit(job) : MERGE_OK;
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

static enum merge_error inflate_zstd(struct inflation *job, ZSTD_DCtx *context) {
    for (;;) {
        size_t made = ZSTD_decompressDCtx(context, job->out->bytes, remaining(job), job->bytes, job->size);
        if (!ZSTD_isError(made)) {
            job->out->size = made;
            return MERGE_OK;
        }
        // Damaged frames often give "buffer too small", too. Streaming finds the true size, or the position of the damage.
        size_t size = 0;
        enum merge_error error = measure_zstd(job, &size);
        if (error == MERGE_OK && size <= remaining(job)) {
            return zstd_fault(job, made, 0);
        }
        if (error == MERGE_OK) {
            error = grow(job, size);
        }
        if (error != MERGE_OK) {
            return error;
        }
    }
}

static enum merge_error inflate_lz4(struct inflation *job) {
    if (!compress_lz4_frames) {
        return fault_set(job->fault, MERGE_BAD_COMPRESSION, 0, "LZ4 input is not supported here; decompress it with lz4 -dc");
    }
    enum merge_error error = compress_lz4_frames(job->bytes, job->size, job->limit, job->out, job->fault);
    return error == MERGE_TOO_LARGE ? over_limit(job) : error;
}

// The size declared by the stream, if plausible. A false one costs address space only, at most the limit.
static size_t first_guess(const struct inflation *job, enum merge_compression kind) {
    size_t guess = job->size < SIZE_MAX / 8 ? job->size * 8 : SIZE_MAX;
    if (kind == MERGE_GZIP && job->size >= 18) {
        const uint8_t *end = job->bytes + job->size; // gzip ends with its size modulo 2^32, little-endian
        size_t said = (size_t)end[-4] | (size_t)end[-3] << 8 | (size_t)end[-2] << 16 | (size_t)end[-1] << 24;
        if (said / 1032 <= job->size) { // the maximum ratio of deflate
            guess = said;
        }
    } else if (kind == MERGE_ZSTD) {
        unsigned long long said = ZSTD_getFrameContentSize(job->bytes, job->size);
        if (said != ZSTD_CONTENTSIZE_UNKNOWN && said != ZSTD_CONTENTSIZE_ERROR && said / 1032 <= job->size) {
            guess = (size_t)said;
        }
    }
    return guess < 512 ? 512 : guess;
}

static enum merge_error inflate_any(struct compress *compress, struct inflation *job, enum merge_compression kind) {
    if (kind == MERGE_RAW && job->size > job->limit) {
        return fault_set(job->fault, MERGE_TOO_LARGE, 0, "input of %zu bytes is over the limit of %zu bytes", job->size, job->limit);
    }
    size_t wanted = kind == MERGE_RAW ? job->size : first_guess(job, kind);
    if (wanted > job->limit) {
        wanted = job->limit;
    }
    if (!fit(job->out, wanted)) {
        return fault_set(job->fault, MERGE_NO_MEMORY, 0, "no memory for %zu bytes of inflated input", wanted);
    }
    if (kind == MERGE_RAW) {
        if (job->size > 0) {
            memcpy(job->out->bytes, job->bytes, job->size);
        }
        job->out->size = job->size;
        return MERGE_OK;
    }
    if (kind == MERGE_LZ4) {
        return inflate_lz4(job);
    }
    if (kind == MERGE_GZIP && !compress->inflater) {
        compress->inflater = libdeflate_alloc_decompressor();
    }
    if (kind == MERGE_ZSTD && !compress->zstd_in) {
        compress->zstd_in = ZSTD_createDCtx_advanced(own_memory);
    }
    if (kind == MERGE_GZIP ? !compress->inflater : !compress->zstd_in) {
        return fault_set(job->fault, MERGE_NO_MEMORY, 0, "no memory to inflate");
    }
    return kind == MERGE_GZIP ? inflate_gzip(job, compress->inflater) : inflate_zstd(job, compress->zstd_in);
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
