// gzip_test.c: see gzip.c.

#include "../../base/test/test.h"

#include "../codecs.h"

#include "../../merge/test/packed.h"

TEST(any_bytes_as_gzip) {
    char *bytes = noise(100000), room[80000];
    struct blob packed = {(uint8_t *)room, codecs_gzip(bytes, 100000, room, sizeof room)};
    assert_int_equal(compress_kind(packed.bytes, packed.size), MERGE_GZIP);
    expect_inflated(packed, bytes, 100000);
    assert_int_equal(codecs_gzip(bytes, 100000, room, packed.size - 1), 0);
    free(bytes);
}

TEST(trailing_garbage_is_an_error) {
    struct blob packed = pack(MERGE_GZIP, "hello", 5);
    join(&packed, (struct blob){(uint8_t *)strdup("garbage behind the last member"), 30});
    uint8_t *out;
    size_t size;
    assert_int_equal(merge_inflate(packed.bytes, packed.size, 1000, &out, &size, NULL), MERGE_BAD_COMPRESSION);
    free(packed.bytes);
}

// Whatever the version of libdeflate: 1.7 reads zeros behind the end, and goes on.
TEST(truncated_streams_take_little_memory) {
    enum { SIZE = 1 << 20, LIMIT = 256 << 20, MAX_RATIO = 1032 };
    char *zeros = calloc(SIZE, 1);
    struct blob packed = pack(MERGE_GZIP, zeros, SIZE);
    struct merge_limits limits = merge_default_limits;
    limits.input_bytes = LIMIT;
    limits.inflate_ratio = 0;
    for (size_t size = 18; size < packed.size; size += 13) {
        struct compress compress = {0};
        struct wire_writer out = {0};
        struct merge_fault fault;
        uint8_t *cut = memcpy(malloc(size), packed.bytes, size); // a byte behind it is a sanitizer's finding
        enum merge_error error = compress_inflate(&compress, cut, size, &limits, &out, &fault);
        assert_true(error == MERGE_BAD_COMPRESSION || error == MERGE_TRUNCATED);
        assert_int_equal(out.size, 0);
        assert_true(out.capacity <= 4 * SIZE);
        compress_free(&compress);
        wire_free(&out);
        free(cut);
    }
    free(packed.bytes);
    free(zeros);
}

int main(void) {
    return tests_run();
}
