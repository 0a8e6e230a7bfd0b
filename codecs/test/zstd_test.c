// zstd_test.c: streams without a size, damage and where it is, windows.

#include "../../base/test/test.h"

#include "../codecs.h"

#include <zstd.h>

#include "../../merge/test/packed.h"

// As by a streaming writer: no content size in the frame.
static struct blob zstd_stream(const char *bytes, size_t size) {
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_outBuffer out = {malloc(ZSTD_compressBound(size) + size), ZSTD_compressBound(size) + size, 0};
    for (size_t at = 0; at < size; at += 1000) {
        ZSTD_inBuffer in = {bytes + at, size - at < 1000 ? size - at : 1000, 0};
        assert_false(ZSTD_isError(ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush)));
    }
    ZSTD_inBuffer none = {NULL, 0, 0};
    assert_int_equal(ZSTD_compressStream2(context, &out, &none, ZSTD_e_end), 0);
    ZSTD_freeCCtx(context);
    assert_true(ZSTD_getFrameContentSize(out.dst, out.pos) == ZSTD_CONTENTSIZE_UNKNOWN);
    return (struct blob){out.dst, out.pos};
}

// Preceded by a skippable frame.
TEST(zstd_stream_without_a_size) {
    size_t size = 400000;
    char *bytes = calloc(size, 1); // compresses so well that the first estimate is much too small
    struct blob packed = {malloc(11), 0};
    memcpy(packed.bytes, "\x5a\x2a\x4d\x18\x03\0\0\0abc", 11);
    packed.size = 11;
    join(&packed, zstd_stream(bytes, size));
    expect_inflated(packed, bytes, size);
    free(packed.bytes);
    free(bytes);
}

// For some damaged frames libzstd asks for a larger buffer, whatever its size: the fault must be damage, not size, and have an offset.
TEST(damaged_zstd_is_not_too_large) {
    char *bytes = noise(3000);
    struct blob streams[] = {pack(MERGE_ZSTD, bytes, 3000), zstd_stream(bytes, 3000)};
    size_t damaged = 0, cut_off = 0;
    for (int i = 0; i < 2; i++) {
        for (size_t at = 6 * 8; at < streams[i].size * 8; at++) { // after the header, which holds the size
            uint8_t *out = NULL;
            size_t out_size;
            struct merge_fault fault = {0};
            streams[i].bytes[at / 8] ^= (uint8_t)(1u << at % 8);
            enum merge_error error = merge_inflate(streams[i].bytes, streams[i].size, 1 << 20, &out, &out_size, &fault);
            streams[i].bytes[at / 8] ^= (uint8_t)(1u << at % 8);
            damaged += error == MERGE_BAD_COMPRESSION;
            cut_off += error == MERGE_TRUNCATED;
            if (error != MERGE_OK && error != MERGE_BAD_COMPRESSION && error != MERGE_TRUNCATED) {
                fail_msg("stream %d, bit %zu: %s: %s", i, at, merge_error_text(error), fault.text);
            }
            assert_true(fault.offset <= 1 << 18); // two blocks
            free(out);
        }
        free(streams[i].bytes);
    }
    assert_true(damaged > 100 && cut_off > 0);
    free(bytes);
}

// The offset is exact to 16 KiB.
TEST(zstd_damage_has_a_place) {
    enum { SIZE = 300000 };
    char *bytes = words(SIZE);
    struct blob streams[] = {pack(MERGE_ZSTD, bytes, SIZE), zstd_stream(bytes, SIZE)};
    for (int i = 0; i < 2; i++) {
        uint8_t *out;
        size_t out_size;
        struct merge_fault fault;
        memset(streams[i].bytes + streams[i].size * 3 / 4, 0xff, 500);
        assert_int_equal(merge_inflate(streams[i].bytes, streams[i].size, 1 << 20, &out, &out_size, &fault), MERGE_BAD_COMPRESSION);
        assert_in_range(fault.offset, SIZE / 4, SIZE - 1);
        free(streams[i].bytes);
    }
    free(bytes);
}

// A window larger than the limit is valid, and must not take more memory than the limit.
TEST(zstd_window_over_the_limit) {
    size_t size = 200000;
    char *bytes = calloc(size, 1), *packed = malloc(ZSTD_compressBound(size));
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 27);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    struct blob blob = {(uint8_t *)packed, ZSTD_compress2(context, packed, ZSTD_compressBound(size), bytes, size)};
    assert_false(ZSTD_isError(blob.size));
    ZSTD_freeCCtx(context);
    expect_inflated(blob, bytes, size);
    uint8_t *out;
    size_t out_size;
    struct merge_fault fault;
    assert_int_equal(merge_inflate(blob.bytes, blob.size, size - 1, &out, &out_size, &fault), MERGE_TOO_LARGE);
    assert_int_equal(merge_inflate(blob.bytes, blob.size, size, &out, &out_size, &fault), MERGE_OK);
    free(out), free(packed), free(bytes);
}

int main(void) {
    return tests_run();
}
