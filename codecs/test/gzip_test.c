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

int main(void) {
    return tests_run();
}
