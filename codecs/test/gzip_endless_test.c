// gzip_endless_test.c: gzip.c with a libdeflate for which no room is ever enough, as 1.7 (Debian 11) is with a truncated stream.

#include "../../base/test/test.h"

#include <libdeflate.h>

#include "../codecs.h"

#include "../../merge/test/packed.h"

static int calls;

// In place of the library's.
enum libdeflate_result libdeflate_gzip_decompress_ex(struct libdeflate_decompressor *decompressor, const void *in, size_t in_size,
                                                     void *out, size_t out_size, size_t *used, size_t *made) {
    (void)decompressor, (void)in, (void)in_size, (void)out, (void)out_size, (void)used, (void)made;
    calls++;
    return LIBDEFLATE_INSUFFICIENT_SPACE;
}

TEST(no_more_room_than_a_valid_stream_takes) {
    static const uint8_t bytes[100] = {0x1f, 0x8b, 8};
    struct compress compress = {0};
    struct wire_writer out = {0};
    struct merge_fault fault;
    struct merge_limits limits = merge_default_limits;
    limits.inflate_ratio = 0;
    assert_int_equal(compress_inflate(&compress, bytes, sizeof bytes, &limits, &out, &fault), MERGE_BAD_COMPRESSION);
    assert_non_null(strstr(fault.text, "damaged or truncated"));
    assert_true(calls > 1);
    assert_true(out.capacity >= 1032 * sizeof bytes && out.capacity < 4 * 1032 * sizeof bytes);
    compress_free(&compress);
    wire_free(&out);
}

int main(void) {
    return tests_run();
}
