// lz4_test.c: through merge_inflate: all LZ4 settings, multiple frames, skippable frames, damage at every byte, decompression
// bombs.

#include "../../base/test/test.h"

#include <lz4frame.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include "../../merge/compress.h"
#include "../../merge/test/blob.h"

static struct blob pack_with(const LZ4F_preferences_t *preferences, const void *bytes, size_t size) {
    size_t bound = LZ4F_compressFrameBound(size, preferences);
    struct blob packed = {malloc(bound), 0};
    packed.size = LZ4F_compressFrame(packed.bytes, bound, bytes, size, preferences);
    assert_false(LZ4F_isError(packed.size));
    return packed;
}

static struct blob pack(const void *bytes, size_t size) {
    return pack_with(NULL, bytes, size);
}

static struct blob literal(const void *bytes, size_t size) {
    struct blob blob = {malloc(size), size};
    memcpy(blob.bytes, bytes, size);
    return blob;
}

// Repetitive enough for matches across blocks.
static char *text(size_t size) {
    char *bytes = calloc(1, size + 64);
    uint64_t random = 7;
    for (size_t at = 0; at + 40 < size; at += 40) {
        random = random * 6364136223846793005u + 1;
        snprintf(bytes + at, 40, "package%u.(*Type).Method%u", (unsigned)(random >> 60), (unsigned)(random >> 52));
    }
    return bytes;
}

TEST(all_settings) {
    enum { SIZE = 700000 };
    char *bytes = text(SIZE);
    for (int setting = 0; setting < 4 * 2 * 8; setting++) {
        LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
        preferences.frameInfo.blockSizeID = (LZ4F_blockSizeID_t)(LZ4F_max64KB + setting % 4);
        preferences.frameInfo.blockMode = setting / 4 % 2 ? LZ4F_blockIndependent : LZ4F_blockLinked;
        preferences.frameInfo.contentSize = setting & 8 ? SIZE : 0;
        preferences.frameInfo.contentChecksumFlag = setting & 16 ? LZ4F_contentChecksumEnabled : LZ4F_noContentChecksum;
        preferences.frameInfo.blockChecksumFlag = setting & 32 ? LZ4F_blockChecksumEnabled : LZ4F_noBlockChecksum;
        struct blob packed = pack_with(&preferences, bytes, SIZE);
        assert_int_equal(compress_kind(packed.bytes, packed.size), MERGE_LZ4);
        expect_inflated(packed, bytes, SIZE);
        free(packed.bytes);
    }
    free(bytes);
}

TEST(several_and_skippable_frames) {
    char *bytes = text(300000);
    struct blob packed = literal("\x5a\x2a\x4d\x18\x03\0\0\0abc\x50\x2a\x4d\x18\0\0\0\0", 19);
    join(&packed, pack(bytes, 200000));
    join(&packed, pack(bytes, 0));
    join(&packed, literal("\x5f\x2a\x4d\x18\x02\0\0\0ab", 10));
    join(&packed, pack(bytes + 200000, 100000));
    join(&packed, literal("\x51\x2a\x4d\x18\x01\0\0\0a", 9));
    assert_int_equal(compress_kind(packed.bytes, packed.size), MERGE_LZ4);
    expect_inflated(packed, bytes, 300000);
    free(packed.bytes);
    free(bytes);
}

// The same skippable frames before zstd.
TEST(skippable_frames_of_zstd_stay_zstd) {
    struct blob packed = literal("\x5a\x2a\x4d\x18\x03\0\0\0abc", 11), frame = {malloc(100), 0};
    frame.size = ZSTD_compress(frame.bytes, 100, "hello", 5, 1);
    join(&packed, frame);
    assert_int_equal(compress_kind(packed.bytes, packed.size), MERGE_ZSTD);
    expect_inflated(packed, "hello", 5);
    free(packed.bytes);
    assert_int_equal(compress_kind((const uint8_t *)"\x5a\x2a\x4d\x18\xff\xff\xff\xff", 8), MERGE_ZSTD); // truncated
    assert_int_equal(compress_kind((const uint8_t *)"\x5a\x2a\x4d\x18\xff", 5), MERGE_ZSTD);
}

TEST(every_cut_is_truncated) {
    char *bytes = text(700);
    struct blob packed = pack(bytes, 700);
    for (size_t cut = 4; cut < packed.size; cut++) {
        uint8_t *copy = malloc(cut), *out;
        size_t out_size;
        struct merge_fault fault;
        memcpy(copy, packed.bytes, cut);
        assert_int_equal(merge_inflate(copy, cut, 1 << 20, &out, &out_size, &fault), MERGE_TRUNCATED);
        assert_non_null(strstr(fault.text, "LZ4"));
        assert_null(out);
        free(copy);
    }
    free(packed.bytes);
    free(bytes);
}

// With checksums every bit flip is detected; the header always has one. Flips in the magic number make it another format.
TEST(every_flip_is_damage) {
    char *bytes = text(700);
    LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
    preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    preferences.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
    struct blob packed = pack_with(&preferences, bytes, 700);
    size_t named = 0;
    for (size_t at = 4 * 8; at < packed.size * 8; at++) {
        uint8_t *out = NULL;
        size_t out_size;
        struct merge_fault fault = {0};
        packed.bytes[at / 8] ^= (uint8_t)(1u << at % 8);
        enum merge_error error = merge_inflate(packed.bytes, packed.size, 1 << 20, &out, &out_size, &fault);
        packed.bytes[at / 8] ^= (uint8_t)(1u << at % 8);
        assert_true(error == MERGE_BAD_COMPRESSION || error == MERGE_TRUNCATED);
        assert_true(fault.text[0] != 0);
        assert_null(out);
        named += strstr(fault.text, "checksum") || strstr(fault.text, "Checksum");
    }
    assert_true(named > 1000);
    free(packed.bytes);
    free(bytes);
}

TEST(garbage_behind_it_is_an_error) {
    struct blob packed = pack("hello", 5);
    join(&packed, literal("garbage behind the last frame", 29));
    uint8_t *out;
    size_t size;
    assert_int_equal(merge_inflate(packed.bytes, packed.size, 1000, &out, &size, NULL), MERGE_BAD_COMPRESSION);
    free(packed.bytes);
}

TEST(limit_is_exact) {
    char *bytes = text(200000);
    for (size_t size = 0; size < 200000; size = size * 7 + 1) {
        uint8_t *out;
        size_t out_size;
        struct merge_fault fault;
        struct blob packed = pack(bytes, size);
        assert_int_equal(merge_inflate(packed.bytes, packed.size, size, &out, &out_size, NULL), MERGE_OK);
        assert_int_equal(out_size, size);
        free(out);
        if (size > 0) {
            assert_int_equal(merge_inflate(packed.bytes, packed.size, size - 1, &out, &out_size, &fault), MERGE_TOO_LARGE);
            assert_non_null(strstr(fault.text, "over the limit"));
            assert_null(out);
        }
        free(packed.bytes);
    }
    free(bytes);
}

// A false content size in the header is not trusted.
TEST(a_lie_about_the_size_costs_nothing) {
    LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
    LZ4F_cctx *context;
    uint8_t bytes[200];
    preferences.frameInfo.contentSize = UINT64_C(1) << 60;
    assert_false(LZ4F_isError(LZ4F_createCompressionContext(&context, LZ4F_VERSION)));
    size_t size = LZ4F_compressBegin(context, bytes, sizeof bytes, &preferences);
    size += LZ4F_compressUpdate(context, bytes + size, sizeof bytes - size, "hello", 5, NULL);
    size += LZ4F_flush(context, bytes + size, sizeof bytes - size, NULL);
    memset(bytes + size, 0, 4);
    size += 4;
    LZ4F_freeCompressionContext(context);
    uint8_t *out;
    size_t out_size;
    assert_int_equal(merge_inflate(bytes, size, 1 << 20, &out, &out_size, NULL), MERGE_BAD_COMPRESSION);
}

TEST(bomb_costs_no_more_than_the_limit_and_two_blocks) {
    size_t size = (size_t)64 << 20;
    char *zeros = calloc(size, 1);
    LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
    preferences.frameInfo.blockSizeID = LZ4F_max4MB;
    struct blob bomb = pack_with(&preferences, zeros, size);
    free(zeros);
    assert_true(bomb.size < 400000);
    pid_t child = fork();
    if (child == 0) {
        _exit(memory_of_bomb_kib(bomb) > 12 << 10);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    free(bomb.bytes);
}

// A previous input's buffer is reused, and its capacity does not act as the limit.
TEST(buffer_is_used_again) {
    char *bytes = text(100000);
    struct blob large = pack(bytes, 100000), small = pack(bytes, 1000);
    struct compress compress = {0};
    struct wire_writer out = {0};
    struct merge_limits limits = merge_default_limits;
    assert_int_equal(compress_inflate(&compress, large.bytes, large.size, &limits, &out, NULL), MERGE_OK);
    assert_int_equal(out.size, 100000);
    assert_int_equal(compress_inflate(&compress, small.bytes, small.size, &limits, &out, NULL), MERGE_OK);
    assert_int_equal(out.size, 1000);
    limits.input_bytes = 999;
    assert_int_equal(compress_inflate(&compress, small.bytes, small.size, &limits, &out, NULL), MERGE_TOO_LARGE);
    assert_int_equal(out.size, 0);
    compress_free(&compress);
    wire_free(&out);
    free(large.bytes), free(small.bytes), free(bytes);
}

int main(void) {
    return tests_run();
}
