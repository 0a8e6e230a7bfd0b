// blob.h: byte buffers of the tests, compressed or not.
#ifndef CMEMPROF_MERGE_TEST_BLOB_H
#define CMEMPROF_MERGE_TEST_BLOB_H

#include "../../base/test/test.h"

#include <sys/resource.h>

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

// For a bomb against a limit of 1 MiB, in a child process: by how many KiB the peak of memory rises.
static inline int memory_of_bomb_kib(struct blob bomb) {
    struct rusage before, after;
    uint8_t *out;
    size_t size;
    getrusage(RUSAGE_SELF, &before);
    enum merge_error error = merge_inflate(bomb.bytes, bomb.size, 1 << 20, &out, &size, NULL);
    getrusage(RUSAGE_SELF, &after);
    return error == MERGE_TOO_LARGE && !out ? (int)(after.ru_maxrss - before.ru_maxrss) : 1 << 30;
}

#endif
