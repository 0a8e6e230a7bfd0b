// blob.h: byte buffers of the tests, compressed or not.
#ifndef CMEMPROF_MERGE_TEST_BLOB_H
#define CMEMPROF_MERGE_TEST_BLOB_H

#include "../../base/test/test.h"

#include "../merge.h"

struct blob {
    uint8_t *bytes;
    size_t size;
};

// Appends and frees `more`.
static inline void join(struct blob *all, struct blob more) {
    all->bytes = realloc(all->bytes, all->size + more.size);
    memcpy(all->bytes + all->size, more.bytes, more.size);
    all->size += more.size;
    free(more.bytes);
}

// Checks the inflated bytes.
static inline void expect_inflated(struct blob packed, const void *bytes, size_t size) {
    uint8_t *out;
    size_t out_size;
    struct merge_fault fault;
    if (merge_inflate(packed.bytes, packed.size, 1 << 24, &out, &out_size, &fault) != MERGE_OK) {
        fail_msg("%s", fault.text);
    }
    assert_int_equal(out_size, size);
    assert_memory_equal(out, bytes, size);
    free(out);
}

#endif
