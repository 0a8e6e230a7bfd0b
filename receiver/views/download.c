// download.c: decompresses what a language's own tools cannot (download.h).
#include "download.h"
#include "../../merge/compress.h"
#include "../base/read_exact.h"

#include <stdlib.h>
#include <unistd.h>

enum { LOOK_BYTES = 4096, MAX_BYTES = 256 << 20 };

static bool is_for_tools(enum merge_compression kind, bool pprof) {
    return kind == MERGE_RAW || (kind == MERGE_GZIP && pprof);
}

bool download_inflate(int file, size_t size, bool pprof, struct json *out) {
    uint8_t start[LOOK_BYTES], *inflated = NULL;
    ssize_t looked = pread(file, start, sizeof start, 0);
    if (looked <= 0 || is_for_tools(compress_kind(start, (size_t)looked), pprof)) {
        return false;
    }
    size_t inflated_size = 0;
    void *bytes = malloc(size + 1);
    bool ok = bytes && read_exact(file, bytes, size) == RECEIVER_OK &&
              merge_inflate(bytes, size, MAX_BYTES, &inflated, &inflated_size, NULL) == MERGE_OK && inflated_size > 0;
    free(bytes);
    if (!ok) {
        free(inflated);
        lseek(file, 0, SEEK_SET);
        return false;
    }
    *out = (struct json){.bytes = (char *)inflated, .size = inflated_size, .capacity = inflated_size};
    return true;
}
