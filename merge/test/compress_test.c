// compress_test.c: limits of size and ratio, and what a decompression bomb costs.

#include "../../base/test/test.h"

#include "sample_profile.h"

#include <sys/wait.h>
#include <unistd.h>

#include "packed.h"

TEST(limit_is_exact) {
    char *bytes = noise(5000);
    uint8_t *out;
    size_t size;
    for (enum merge_compression kind = MERGE_RAW; kind <= MERGE_ZSTD; kind++) {
        struct blob packed = {(uint8_t *)bytes, 5000};
        if (kind != MERGE_RAW) {
            packed = pack(kind, bytes, 5000);
        }
        struct merge_fault fault;
        assert_int_equal(merge_inflate(packed.bytes, packed.size, 4999, &out, &size, &fault), MERGE_TOO_LARGE);
        assert_non_null(strstr(fault.text, "limit of 4999 bytes"));
        assert_int_equal(merge_inflate(packed.bytes, packed.size, 5000, &out, &size, NULL), MERGE_OK);
        assert_int_equal(size, 5000);
        free(out);
        if (kind != MERGE_RAW) {
            free(packed.bytes);
        }
    }
    free(bytes);
}

TEST(ratio_is_limited) {
    size_t size = 8 << 20;
    char *bytes = calloc(1, size);
    struct blob bomb = pack(MERGE_ZSTD, bytes, size); // 10,000 to 1
    struct compress compress = {0};
    struct wire_writer out = {0};
    struct merge_fault fault;
    struct merge_limits limits = merge_default_limits;
    assert_int_equal(compress_inflate(&compress, bomb.bytes, bomb.size, &limits, &out, &fault), MERGE_TOO_LARGE);
    assert_non_null(strstr(fault.text, "compression ratio"));
    assert_int_equal(out.size, 0);
    assert_true(out.capacity <= 2 << 20);
    limits.inflate_ratio = 0;
    assert_int_equal(compress_inflate(&compress, bomb.bytes, bomb.size, &limits, &out, &fault), MERGE_OK);
    assert_int_equal(out.size, size);
    // The buffer now exceeds the next input's limit, which must still apply.
    limits.input_bytes = 1000;
    assert_int_equal(compress_inflate(&compress, bomb.bytes, bomb.size, &limits, &out, &fault), MERGE_TOO_LARGE);
    compress_free(&compress);
    wire_free(&out), free(bomb.bytes), free(bytes);
}

TEST(bomb_costs_no_more_than_the_limit) {
    size_t size = (size_t)64 << 20;
    for (enum merge_compression kind = MERGE_GZIP; kind <= MERGE_ZSTD; kind++) {
        char *zeros = calloc(size, 1);
        struct blob bomb = pack(kind, zeros, size);
        free(zeros);
        assert_true(bomb.size < 400000);
        pid_t child = fork();
        if (child == 0) {
            _exit(memory_of_bomb_kib(bomb) > 8 << 10); // 8 MiB: the limit, plus the libraries and a sanitizer
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        free(bomb.bytes);
    }
}

int main(void) {
    return tests_run();
}
