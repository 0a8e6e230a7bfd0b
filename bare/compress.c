// compress.c: stands in for merge/compress.c in the libraries that need libc alone (the preloaded one, and those for musl): profiles are
// written and read as they are; what would be compressed, or is, is an error like any other.

#include "../merge/compress.h"

#include "../merge/fault.h"

void compress_free(struct compress *compress) {
    (void)compress;
}

enum merge_compression compress_kind(const uint8_t *bytes, size_t size) {
    (void)bytes;
    (void)size;
    return MERGE_RAW;
}

// Only for what is over the limit: raw input is read where it is.
enum merge_error compress_inflate(struct compress *compress, const void *bytes, size_t size, const struct merge_limits *limits,
                                  struct wire_writer *out, struct merge_fault *fault) {
    (void)compress;
    (void)bytes;
    (void)out;
    return fault_set(fault, MERGE_TOO_LARGE, 0, "input of %zu bytes is over the limit of %zu bytes", size, limits->input_bytes);
}

enum merge_error compress_deflate(struct compress *compress, enum merge_compression compression, int level, const uint8_t *bytes,
                                  size_t size, struct wire_writer *out) {
    (void)compress;
    (void)compression;
    (void)level;
    (void)bytes;
    (void)size;
    (void)out;
    return MERGE_BAD_COMPRESSION;
}
