// inflate_fuzz.c: fuzz target of what unpacks gzip, zstd and LZ4, for libFuzzer. Built by `make fuzz-inflate`.
//
// The first byte chooses the limits. The output keeps to them, and an error has its words and gives no bytes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../merge/merge.h"

static void must(bool holds, const char *text) {
    if (!holds) {
        fprintf(stderr, "check failed: %s\n", text);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    struct merge_limits limits = merge_default_limits;
    limits.input_bytes = (size_t)1 << (data[0] & 0x1f) % 23; // to 4 MiB
    limits.inflate_ratio = data[0] & 0x20 ? 0 : 100;
    uint8_t *out = NULL, *copy = malloc(size - 1 ? size - 1 : 1); // of its own, so that a byte read beyond it is seen
    size_t out_size = 0;
    struct merge_fault fault;
    must(copy, "no memory");
    memcpy(copy, data + 1, size - 1);
    enum merge_error error = merge_inflate_limited(copy, size - 1, &limits, &out, &out_size, &fault);
    if (error == MERGE_OK) {
        must(out_size <= limits.input_bytes, "more than the limit");
    } else {
        must(!out && out_size == 0 && fault.error == error && fault.text[0] != '\0', "an error with bytes, or without words");
    }
    free(out);
    free(copy);
    return 0;
}
