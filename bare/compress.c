// compress.c: replaces merge/compress.c in the libraries that need only libc (the preloaded one and musl's): profiles are read and written
// uncompressed; compressing or inflating is an ordinary error.

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

// Reached only for input over the limit: uncompressed input is read in place.
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
