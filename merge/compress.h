// compress.h: compresses and decompresses gzip and zstd, into buffers that the caller keeps. (merge_inflate is in merge.h.)
//
// Threads: as the owner of the struct. Memory: memory.h. The contexts of the two libraries, about 100 KiB each, are allocated on first
// use and kept until compress_free, so that later calls do not allocate. Gzip compressors are cached for the life of the
// process: as many per level as were in use at the same time, at most eight.
#ifndef CMEMPROF_MERGE_COMPRESS_H
#define CMEMPROF_MERGE_COMPRESS_H

#include "namespace.h"
#include "merge.h"
#include "wire.h"

struct compress { // zero-initialize
    struct libdeflate_decompressor *inflater;
    struct ZSTD_DCtx_s *zstd_in;
    struct ZSTD_CCtx_s *zstd_out;
};

void compress_free(struct compress *compress);

// Detects the format by its magic bytes, after any skippable frames.
enum merge_compression compress_kind(const uint8_t *bytes, size_t size);

// Decompresses LZ4 frames into out from its start, reusing its buffer. Returns MERGE_TOO_LARGE, without setting fault, if the output would
// exceed limit bytes. Defined in lz4/; NULL if that is not linked, as in Go services, so that they do not need liblz4.
enum merge_error compress_lz4_frames(const uint8_t *bytes, size_t size, size_t limit, struct wire_writer *out, struct merge_fault *fault)
    __attribute__((weak, visibility("hidden")));

// Decompresses into out from its start. Raw input is copied. After an error out is empty.
enum merge_error compress_inflate(struct compress *compress, const void *bytes, size_t size, const struct merge_limits *limits,
                                  struct wire_writer *out, struct merge_fault *fault);
// level 0: the default. compression must not be MERGE_RAW.
enum merge_error compress_deflate(struct compress *compress, enum merge_compression compression, int level, const uint8_t *bytes,
                                  size_t size, struct wire_writer *out);

#endif
