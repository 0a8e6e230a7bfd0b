// codecs_test.c: gzip and zstd, both ways: multiple members, levels, damage at every byte.

#include "../../base/test/test.h"

#include "../codecs.h"

#include "../../merge/test/packed.h"

TEST(one_and_several_members) {
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

TEST(every_cut_and_every_flip_is_an_error_or_the_truth) {
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

TEST(levels) {
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
    return tests_run();
}
