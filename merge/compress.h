// compress.h: gzip and zstd both ways, into buffers that the caller keeps. (merge_inflate is in merge.h.)
//
// Threads: as the owner of the struct. Memory: memory.h; what the two libraries need for themselves, some 100 KiB each, is made when it is
// first needed and kept until compress_free, so that the next call costs no allocation. What writes gzip is kept for the life of the
// process: eight at most of each level, as many as were in use at the same time.
#ifndef CMEMPROF_MERGE_COMPRESS_H
#define CMEMPROF_MERGE_COMPRESS_H

#include "namespace.h"
#include "merge.h"
#include "wire.h"

struct compress { // zeroed at first
    struct libdeflate_decompressor *inflater;
    struct ZSTD_DCtx_s *zstd_in;
    struct ZSTD_CCtx_s *zstd_out;
};

void compress_free(struct compress *compress);

// Told by the magic bytes, behind skippable frames.
enum merge_compression compress_kind(const uint8_t *bytes, size_t size);

// LZ4 frames, into out from its beginning; a buffer of any capacity may be there. MERGE_TOO_LARGE, without a fault: more than limit bytes
// would come out. Defined by the folder lz4/: NULL where that is not linked, as in Go services, so that those need no liblz4.
enum merge_error compress_lz4_frames(const uint8_t *bytes, size_t size, size_t limit, struct wire_writer *out, struct merge_fault *fault)
    __attribute__((weak, visibility("hidden")));

// Into out, from its beginning. Raw input is copied. After an error out is empty.
enum merge_error compress_inflate(struct compress *compress, const void *bytes, size_t size, const struct merge_limits *limits,
                                  struct wire_writer *out, struct merge_fault *fault);
// level 0: the default. MERGE_RAW is not for here: the caller has the bytes already.
enum merge_error compress_deflate(struct compress *compress, enum merge_compression compression, int level, const uint8_t *bytes,
                                  size_t size, struct wire_writer *out);

#endif
