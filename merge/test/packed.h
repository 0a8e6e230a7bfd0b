// packed.h: compressed inputs for tests.
#ifndef CMEMPROF_MERGE_TEST_PACKED_H
#define CMEMPROF_MERGE_TEST_PACKED_H

#include <stdio.h>

#include "../compress.h"
#include "blob.h"

static inline struct blob pack(enum merge_compression compression, const void *bytes, size_t size) {
    struct compress compress = {0};
    struct wire_writer out = {0};
    assert_int_equal(compress_deflate(&compress, compression, 0, bytes, size, &out), MERGE_OK);
    compress_free(&compress);
    struct blob packed;
    assert_true(wire_hand_over(&out, &packed.bytes, &packed.size));
    return packed;
}

static inline char *noise(size_t size) {
    char *bytes = malloc(size + 1);
    uint64_t random = 7;
    for (size_t i = 0; i < size; i++) {
        random = random * 6364136223846793005u + 1;
        bytes[i] = (char)("abcdefgh"[random >> 61]);
    }
    return bytes;
}

// Data that a higher level compresses better.
static inline char *words(size_t size) {
    char *bytes = noise(size);
    for (size_t at = 0; at + 40 < size; at += 40) {
        snprintf(bytes + at, 40, "package%zu.(*Type).Method%zu", at % 97, at * at % 1009);
    }
    return bytes;
}

#endif
