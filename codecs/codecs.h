// codecs.h: gzip, zstd and LZ4 for merge/compress.h, in programs that link libdeflate, libzstd and liblz4: the receiver and the command.
//
// Threads: any; contexts are the caller's (struct compress). Memory: the buffers are of merge/memory.h, and so are libzstd's contexts;
// libdeflate's are malloc's; liblz4 takes two blocks of the frame, 4 MiB each at most.
#ifndef CMEMPROF_CODECS_CODECS_H
#define CMEMPROF_CODECS_CODECS_H

#include "../merge/compress.h"

extern const struct codec codecs_gzip_codec, codecs_zstd_codec, codecs_lz4_codec;

// Gzips any bytes at the fastest level. Returns the compressed size; 0: it exceeds out_size, or there is no memory.
size_t codecs_gzip(const void *bytes, size_t size, void *out, size_t out_size);

#endif
