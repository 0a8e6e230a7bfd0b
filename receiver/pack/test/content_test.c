// content_test.c: each kind of bytes comes back as it came.

#include "../../../base/test/test.h"

#include "../content.h"
#include "texts.h"

#include <libdeflate.h>

static void expect(const uint8_t *bytes, size_t size, enum content_kind kind) {
    struct content_hint hint = {0};
    struct content content;
    uint8_t *came = NULL;
    size_t came_size;
    assert_int_equal(content_take(bytes, size, &hint, NULL, &content), RECEIVER_OK);
    assert_int_equal(content.kind, kind);
    assert_int_equal(!content.bytes, kind == CONTENT_AS_CAME);
    if (content.bytes) {
        assert_int_equal(content_give(&content, &came, &came_size), RECEIVER_OK);
        assert_int_equal(came_size, size);
        assert_memory_equal(came, bytes, size);
    }
    free(came);
    free(content.bytes);
}

TEST(kinds) {
    uint8_t *plain = text_of(1, 0, 70000), gzip[100000], *zeros = calloc(1, 4 << 20);
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(6);
    expect((const uint8_t *)"", 0, CONTENT_PLAIN);
    expect(plain, 70000, CONTENT_PLAIN);
    expect((const uint8_t *)"\x28\xb5\x2f\xfd no frame", 13, CONTENT_AS_CAME);
    expect((const uint8_t *)"\x04\x22\x4d\x18 no frame", 13, CONTENT_AS_CAME);
    expect((const uint8_t *)"\x1f\x8b no gzip", 10, CONTENT_AS_CAME);
    size_t size = libdeflate_gzip_compress(compressor, "hello hello hello", 17, gzip, sizeof gzip);
    expect(gzip, size, CONTENT_GZIP);
    size = libdeflate_gzip_compress(compressor, zeros, 4 << 20, gzip, sizeof gzip); // more than 256 times as large
    expect(gzip, size, CONTENT_AS_CAME);
    libdeflate_free_compressor(compressor);
    free(zeros);
    free(plain);
}

TEST(damaged) {
    struct content content = {CONTENT_GZIP, (uint8_t *)"abc", 3, 2};
    uint8_t *came;
    size_t size;
    assert_int_equal(content_give(&content, &came, &size), RECEIVER_DAMAGED);
    content.plain_size = 4;
    assert_int_equal(content_give(&content, &came, &size), RECEIVER_DAMAGED);
    content.kind = CONTENT_AS_CAME;
    content.plain_size = 2;
    assert_int_equal(content_give(&content, &came, &size), RECEIVER_DAMAGED);
}

int main(void) {
    return tests_run();
}
