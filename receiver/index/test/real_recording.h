// real_recording.h: recordings of testdata/jfr, for tests.
#ifndef CMEMPROF_RECEIVER_TEST_REAL_RECORDING_H
#define CMEMPROF_RECEIVER_TEST_REAL_RECORDING_H

#include "../../../base/test/test.h"

#include "../../../merge/merge.h"

struct recording {
    uint8_t *bytes; // inflated; the caller frees it
    size_t size;
};

static inline struct recording real_recording(const char *name) {
    struct recording recording;
    char path[128];
    uint8_t *packed = malloc(1 << 20);
    snprintf(path, sizeof path, "testdata/jfr/%s.jfr.gz", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t size = fread(packed, 1, 1 << 20, file);
    fclose(file);
    assert_int_equal(merge_inflate(packed, size, 1 << 24, &recording.bytes, &recording.size, NULL), MERGE_OK);
    free(packed);
    return recording;
}

#endif
