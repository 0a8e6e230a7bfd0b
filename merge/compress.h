// compress.h: inflates what is read and deflates what is written, into buffers that the caller keeps. (merge_inflate is in merge.h.)
//
// The formats need libraries, so they are in a folder of their own, codecs/ (libdeflate, libzstd, liblz4), which the receiver and the
// command link. Without it, as in Go services and preloaded programs, which need libc alone, profiles are read and written uncompressed,
// and any other input is an error that says so; package merge of Go packs and unpacks by itself.
//
// Threads: as the owner of the struct. Memory: memory.h. A codec's contexts, about 100 KiB each, are allocated on first use and kept until
// compress_free, so that later calls do not allocate.
#ifndef CMEMPROF_MERGE_COMPRESS_H
#define CMEMPROF_MERGE_COMPRESS_H

#include "namespace.h"
#include "merge.h"
#include "wire.h"

struct compress {                       // zero-initialize
    void *gzip_in, *zstd_in, *zstd_out; // the codecs'
};

void compress_free(struct compress *compress);

// Detects the format by its magic bytes, after any skippable frames.
enum merge_compression compress_kind(const uint8_t *bytes, size_t size);

// Decompresses into out from its start. Raw input is copied. After an error out is empty.
enum merge_error compress_inflate(struct compress *compress, const void *bytes, size_t size, const struct merge_limits *limits,
                                  struct wire_writer *out, struct merge_fault *fault);
// level 0: the default; higher than the format's maximum: that. compression must not be MERGE_RAW. Returns MERGE_BAD_COMPRESSION without
// codecs/.
enum merge_error compress_deflate(struct compress *compress, enum merge_compression compression, int level, const uint8_t *bytes,
                                  size_t size, struct wire_writer *out);

// ---- For codecs ----

// One input. What is made is added to out, of which never more than `limit` bytes are used.
struct inflation {
    const uint8_t *bytes;
    size_t size, limit;
    const char *limit_name;
    struct wire_writer *out;
    struct merge_fault *fault;
};
enum merge_error inflation_over_limit(const struct inflation *job);
// Grows the buffer to `wanted` bytes, but not beyond the limit: over it, or at it already, is inflation_over_limit.
enum merge_error inflation_grow(struct inflation *job, size_t wanted);
// Free bytes of the buffer. A buffer from an earlier call may exceed this input's limit.
static inline size_t inflation_remaining(const struct inflation *job) {
    return (job->out->capacity < job->limit ? job->out->capacity : job->limit) - job->out->size;
}

// Allocates at least `wanted` bytes and discards the buffer's contents.
bool compress_fit(struct wire_writer *out, size_t wanted);

struct codec {
    // The inflated size as the stream says, or 0. Untrusted.
    size_t (*said_size)(const uint8_t *bytes, size_t size);
    enum merge_error (*inflate)(struct compress *compress, struct inflation *job);
    enum merge_error (*deflate)(struct compress *compress, int level, const uint8_t *bytes, size_t size,
                                struct wire_writer *out); // NULL: input only
    void (*free)(struct compress *compress);
};
// Returns NULL for MERGE_RAW. Itself NULL without codecs/.
const struct codec *codec_of(enum merge_compression kind) __attribute__((weak, visibility("hidden")));

#endif
