// Tests of compress.c: both formats both ways, multiple members, streams without a size, damage at every byte, decompression bombs.
#include "sample_profile.h"

#include "../compress.h"

#include <libdeflate.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

static struct blob pack(enum merge_compression compression, const void *bytes, size_t size) {
    struct compress compress = {0};
    struct wire_writer out = {0};
    assert_int_equal(compress_deflate(&compress, compression, 0, bytes, size, &out), MERGE_OK);
    compress_free(&compress);
    struct blob packed;
    assert_true(wire_hand_over(&out, &packed.bytes, &packed.size));
    return packed;
}

static char *noise(size_t size) {
    char *bytes = malloc(size + 1);
    uint64_t random = 7;
    for (size_t i = 0; i < size; i++) {
        random = random * 6364136223846793005u + 1;
        bytes[i] = (char)("abcdefgh"[random >> 61]);
    }
    return bytes;
}

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

// Data that a higher level compresses better.
static char *words(size_t size) {
    char *bytes = noise(size);
    for (size_t at = 0; at + 40 < size; at += 40) {
        snprintf(bytes + at, 40, "package%zu.(*Type).Method%zu", at % 97, at * at % 1009);
    }
    return bytes;
}

static void any_bytes_as_gzip(void **state) {
    (void)state;
    char *bytes = noise(100000), room[80000];
    struct blob packed = {(uint8_t *)room, merge_gzip(bytes, 100000, room, sizeof room)};
    assert_int_equal(compress_kind(packed.bytes, packed.size), MERGE_GZIP);
    expect_inflated(packed, bytes, 100000);
    assert_int_equal(merge_gzip(bytes, 100000, room, packed.size - 1), 0);
    free(bytes);
}

static void one_and_several_members(void **state) {
    (void)state;
    char *bytes = noise(300000);
    for (enum merge_compression kind = MERGE_GZIP; kind <= MERGE_ZSTD; kind++) {
        struct blob one = pack(kind, bytes, 300000);
        assert_int_equal(compress_kind(one.bytes, one.size), kind);
        expect_inflated(one, bytes, 300000);
        free(one.bytes);
        // The last member is the smallest: the size at the end of the gzip stream is far too small.
        struct blob several = pack(kind, bytes, 200000);
        join(&several, pack(kind, bytes + 200000, 0));
        join(&several, pack(kind, bytes + 200000, 99990));
        join(&several, pack(kind, bytes + 299990, 10));
        expect_inflated(several, bytes, 300000);
        free(several.bytes);
    }
    expect_inflated((struct blob){(uint8_t *)bytes, 300000}, bytes, 300000); // raw
    expect_inflated((struct blob){NULL, 0}, "", 0);
    free(bytes);
}

// Preceded by a skippable frame.
static void zstd_stream_without_a_size(void **state) {
    (void)state;
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

static void every_cut_and_every_flip_is_an_error_or_the_truth(void **state) {
    (void)state;
    char *bytes = noise(700);
    for (enum merge_compression kind = MERGE_GZIP; kind <= MERGE_ZSTD; kind++) {
        struct blob packed = pack(kind, bytes, 700);
        for (size_t cut = 4; cut < packed.size; cut++) {
            uint8_t *copy = malloc(cut), *out;
            size_t out_size;
            struct merge_fault fault;
            memcpy(copy, packed.bytes, cut);
            enum merge_error error = merge_inflate(copy, cut, 1 << 20, &out, &out_size, &fault);
            assert_true(error == MERGE_TRUNCATED || error == MERGE_BAD_COMPRESSION);
            assert_int_equal(fault.error, error);
            assert_true(fault.text[0] != 0);
            assert_null(out);
            free(copy);
        }
        for (size_t at = 4; at < packed.size * 8; at++) {
            uint8_t *out;
            size_t out_size;
            packed.bytes[at / 8] ^= (uint8_t)(1u << at % 8);
            if (merge_inflate(packed.bytes, packed.size, 1 << 20, &out, &out_size, NULL) == MERGE_OK) {
                free(out);
            }
            packed.bytes[at / 8] ^= (uint8_t)(1u << at % 8);
        }
        free(packed.bytes);
    }
    free(bytes);
}

// For some damaged frames libzstd asks for a larger buffer, whatever its size: the fault must be damage, not size, and have an offset.
static void damaged_zstd_is_not_too_large(void **state) {
    (void)state;
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
static void zstd_damage_has_a_place(void **state) {
    (void)state;
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
static void zstd_window_over_the_limit(void **state) {
    (void)state;
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

// Without lz4/ LZ4 cannot be read: the error must say so instead of "not a profile".
static void lz4_is_named(void **state) {
    (void)state;
    static const uint8_t hello[] = "\x04\x22\x4d\x18\x60\x40\x82\x05\0\0\x80hello\0\0\0"; // the string's NUL is the last byte
    uint8_t *out;
    size_t size;
    struct merge_fault fault;
    assert_int_equal(compress_kind(hello, sizeof hello), MERGE_LZ4);
    assert_int_equal(merge_inflate(hello, sizeof hello, 1000, &out, &size, &fault), MERGE_BAD_COMPRESSION);
    assert_non_null(strstr(fault.text, "LZ4"));
}

static void trailing_garbage_is_an_error(void **state) {
    (void)state;
    struct blob packed = pack(MERGE_GZIP, "hello", 5);
    join(&packed, (struct blob){(uint8_t *)strdup("garbage behind the last member"), 30});
    uint8_t *out;
    size_t size;
    assert_int_equal(merge_inflate(packed.bytes, packed.size, 1000, &out, &size, NULL), MERGE_BAD_COMPRESSION);
    free(packed.bytes);
}

static void limit_is_exact(void **state) {
    (void)state;
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

// 64 MiB of zeros in a few KiB against a limit of 1 MiB, in a child process to measure peak memory.
static int memory_of_bomb_kib(struct blob bomb) {
    struct rusage before, after;
    uint8_t *out;
    size_t size;
    getrusage(RUSAGE_SELF, &before);
    enum merge_error error = merge_inflate(bomb.bytes, bomb.size, 1 << 20, &out, &size, NULL);
    getrusage(RUSAGE_SELF, &after);
    return error == MERGE_TOO_LARGE && !out ? (int)(after.ru_maxrss - before.ru_maxrss) : 1 << 30;
}

static void bomb_costs_no_more_than_the_limit(void **state) {
    (void)state;
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

static void ratio_is_limited(void **state) {
    (void)state;
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

static void levels(void **state) {
    (void)state;
    char *bytes = words(100000);
    for (enum merge_compression kind = MERGE_GZIP; kind <= MERGE_ZSTD; kind++) {
        struct compress compress = {0};
        struct wire_writer out = {0};
        size_t sizes[4], i = 0;
        for (int level = 1; level <= 10; level += 3, i++) {
            assert_int_equal(compress_deflate(&compress, kind, level, (uint8_t *)bytes, 100000, &out), MERGE_OK);
            expect_inflated((struct blob){out.bytes, out.size}, bytes, 100000);
            sizes[i] = out.size;
        }
        assert_true(sizes[3] != sizes[0]);                                                                   // the level is applied
        assert_int_equal(compress_deflate(&compress, kind, 1000, (uint8_t *)bytes, 100000, &out), MERGE_OK); // clamped to the maximum
        compress_free(&compress);
        wire_free(&out);
    }
    free(bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ratio_is_limited),
        cmocka_unit_test(levels),
        cmocka_unit_test(any_bytes_as_gzip),
        cmocka_unit_test(one_and_several_members),
        cmocka_unit_test(zstd_stream_without_a_size),
        cmocka_unit_test(every_cut_and_every_flip_is_an_error_or_the_truth),
        cmocka_unit_test(damaged_zstd_is_not_too_large),
        cmocka_unit_test(zstd_damage_has_a_place),
        cmocka_unit_test(zstd_window_over_the_limit),
        cmocka_unit_test(lz4_is_named),
        cmocka_unit_test(trailing_garbage_is_an_error),
        cmocka_unit_test(limit_is_exact),
        cmocka_unit_test(bomb_costs_no_more_than_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
