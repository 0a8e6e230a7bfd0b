// otlp_seeds.c: writes the seed corpus of otlp_fuzz.c: requests of a profile with all that is written, and of other senders' forms. usage:
// otlp_seeds FOLDER
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// For the tests' headers, without their library.
#define assert_true(condition) ((condition) ? (void)0 : abort())
#define assert_non_null(pointer) assert_true(!!(pointer))
#define assert_null(pointer) assert_true(!(pointer))
#define assert_memory_equal(a, b, size) assert_true(memcmp(a, b, size) == 0)
#define assert_int_equal(a, b) assert_true((a) == (b))
#define fail_msg(...) (fprintf(stderr, __VA_ARGS__), abort())
#define CMEMPROF_BASE_TEST_H

#include "../test/requests.h"

static const char *folder;

static void keep(const char *name, struct blob blob) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fwrite(blob.bytes, 1, blob.size, file) == blob.size && fclose(file) == 0);
    free(blob.bytes);
}

static void put_linked(struct wire_writer *writer) {
    PUT(writer, 2, 1, 1, 1002, 1, 3, 1, 1004, 9);
}
static void put_old(struct wire_writer *writer) {
    PUT(writer, 2, 1, 1, 1002, 9, 1003, 1);
}
static void put_times(struct wire_writer *writer) {
    size_t message = wire_open(writer, 2);
    wire_write_number(writer, 1, 1);
    wire_write_bytes(writer, 5, "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0", 16);
    wire_close(writer, message);
    PUT(writer, 2, 1, 1, 1002, 1, 1004, 1);
}

int main(int argc, char **argv) {
    folder = argc == 2 ? argv[1] : ".";
    struct profile *profile = sample_profile();
    keep("profile", request_of("heap.pprof", profile));
    profile_free(profile);
    keep("linked", request_with(put_linked));
    keep("old", request_with(put_old));
    keep("times", request_with(put_times));
    return 0;
}
