// limit.c: a lower bound for engines on encoded profiles: read every byte once, and write as many.
//
// usage: limit MODE FILE...   CPU time in ns of one step; the files are taken in turn
//   raw         every varint of the file is decoded, then the file is copied
//   gz          libdeflate inflates, the same, libdeflate compresses the copy (level 1)
//   merge-gz    RESULT FILE...: all files are inflated and decoded, and as much as RESULT (uncompressed) is compressed (level 1);
//               with an empty RESULT: the bound for any use of the files
// Memory: the files, and a buffer for the largest.
#include <libdeflate.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_BYTES = 64 << 20 };

struct file {
    uint8_t *bytes;
    size_t size;
};

static uint8_t *inflated, *copy, *packed;
static uint64_t sum; // of all varints, so that the reads are not optimized away
static struct libdeflate_compressor *compressor;
static struct libdeflate_decompressor *decompressor;

static void fail(const char *what) {
    fprintf(stderr, "bench: %s\n", what);
    exit(1);
}

static struct file read_file(const char *path) {
    struct file file = {malloc(MAX_BYTES), 0};
    FILE *from = fopen(path, "rb");
    if (!from || !file.bytes) {
        fail(path);
    }
    file.size = fread(file.bytes, 1, MAX_BYTES, from);
    fclose(from);
    file.bytes = realloc(file.bytes, file.size + 1);
    return file;
}

// ---- One pass ----

static const uint8_t *read_varint(const uint8_t *at, const uint8_t *end, uint64_t *value) {
    if (*at < 0x80) {
        *value = *at;
        return at + 1;
    }
    *value = 0;
    for (unsigned shift = 0; at < end && shift < 64; shift += 7) {
        uint8_t byte = *at++;
        *value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            break;
        }
    }
    return at;
}

static const uint8_t *read_field(const uint8_t *at, const uint8_t *end, unsigned depth, unsigned parent);

static void read_message(const uint8_t *at, const uint8_t *end, unsigned depth, unsigned parent) {
    while (at < end) {
        at = read_field(at, end, depth, parent);
    }
}

// Strings (field 6 of a profile) are copied only. Location ids and values (1 and 2 of a sample) are packed.
static const uint8_t *read_field(const uint8_t *at, const uint8_t *end, unsigned depth, unsigned parent) {
    uint64_t tag, value;
    at = read_varint(at, end, &tag);
    unsigned number = (unsigned)(tag >> 3);
    if ((tag & 7) == 0) {
        at = read_varint(at, end, &value);
        sum += value;
    } else if ((tag & 7) == 2) {
        at = read_varint(at, end, &value);
        const uint8_t *stop = value > (size_t)(end - at) ? end : at + value;
        if (depth == 1 && parent == 2 && number <= 2) {
            while (at < stop) {
                at = read_varint(at, stop, &value);
                sum += value;
            }
        } else if (depth > 0 || number != 6) {
            read_message(at, stop, depth + 1, number);
        }
        at = stop;
    } else {
        fail("not a profile that runtime/pprof or google/pprof would write");
    }
    return at;
}

static void look_at(const uint8_t *bytes, size_t size) {
    read_message(bytes, bytes + size, 0, 0);
}

// ---- Steps ----

static void step_raw(const struct file *file) {
    look_at(file->bytes, file->size);
    memcpy(copy, file->bytes, file->size);
    __asm__ volatile("" ::"r"(copy) : "memory");
}

static size_t inflate_file(const struct file *file) {
    size_t size;
    if (libdeflate_gzip_decompress(decompressor, file->bytes, file->size, inflated, MAX_BYTES, &size) != LIBDEFLATE_SUCCESS) {
        fail("not one gzip member");
    }
    return size;
}

static void step_gz(const struct file *file) {
    size_t size = inflate_file(file);
    look_at(inflated, size);
    memcpy(copy, inflated, size);
    libdeflate_gzip_compress(compressor, copy, size, packed, 2 * (size_t)MAX_BYTES);
}

static void merge_gz(const struct file *files, size_t count) {
    for (size_t i = 1; i < count; i++) {
        look_at(inflated, inflate_file(&files[i]));
    }
    memcpy(copy, files[0].bytes, files[0].size);
    libdeflate_gzip_compress(compressor, copy, files[0].size, packed, 2 * (size_t)MAX_BYTES);
}

static uint64_t cpu_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void step(const char *mode, const struct file *files, size_t count, size_t i) {
    if (strcmp(mode, "raw") == 0) {
        step_raw(&files[i % count]);
    } else if (strcmp(mode, "gz") == 0) {
        step_gz(&files[i % count]);
    } else {
        merge_gz(files, count);
    }
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fail("limit MODE FILE...");
    }
    size_t count = (size_t)argc - 2, steps = 0;
    struct file *files = calloc(count, sizeof *files);
    for (size_t i = 0; i < count; i++) {
        files[i] = read_file(argv[i + 2]);
    }
    inflated = malloc(MAX_BYTES);
    copy = malloc(MAX_BYTES);
    packed = malloc(2 * (size_t)MAX_BYTES);
    compressor = libdeflate_alloc_compressor(1);
    decompressor = libdeflate_alloc_decompressor();
    if (!inflated || !copy || !packed || !compressor || !decompressor) {
        fail("no memory");
    }
    step(argv[1], files, count, 0);
    uint64_t start = cpu_ns(), time;
    do {
        step(argv[1], files, count, ++steps);
        time = cpu_ns() - start;
    } while (steps < 3 || time < 300000000);
    printf("%llu\n", (unsigned long long)(time / steps));
    return sum == 1; // never true, but unknown to the compiler
}
