// compress.h: the output side of compress.c, for encode.c. (merge_inflate is in merge.h.)
#ifndef CMEMPROF_MERGE_COMPRESS_H
#define CMEMPROF_MERGE_COMPRESS_H

#include "namespace.h"
#include "merge.h"

// *out is malloc'ed. MERGE_RAW is not for here: the caller has the bytes already.
enum merge_error compress_bytes(enum merge_compression compression, const uint8_t *bytes, size_t size, uint8_t **out, size_t *out_size);

// Told by the magic bytes.
enum merge_compression compress_kind(const uint8_t *bytes, size_t size);

#endif
