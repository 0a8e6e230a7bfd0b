// deflate_stream_test.c: streams of all kinds of blocks are the same again; damaged ones are errors.

#include "../../../base/test/test.h"

#include "../deflate_stream.h"
#include "texts.h"

#include <libdeflate.h>

static size_t deflate(int level, const uint8_t *plain, size_t size, uint8_t **out) {
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(level);
    size_t room = libdeflate_deflate_compress_bound(compressor, size);
    *out = malloc(room);
    size_t used = libdeflate_deflate_compress(compressor, plain, size, *out, room);
    libdeflate_free_compressor(compressor);
    assert_true(used > 0);
    return used;
}

static void expect_same(const uint8_t *plain, size_t size, const uint8_t *bytes, size_t bytes_size) {
    struct deflate_stream stream = {0};
    struct bit_writer again = {0};
    size_t used;
    assert_int_equal(deflate_read(bytes, bytes_size, size, &stream, &used), RECEIVER_OK);
    assert_int_equal(used, bytes_size);
    assert_int_equal(stream.plain_size, size);
    if (size > 0) {
        assert_memory_equal(stream.plain, plain, size);
    }
    assert_int_equal(deflate_write(stream.plain, stream.plain_size, &stream.matches, stream.blocks, stream.block_count,
                                   stream.headers.bytes, stream.headers.size, &again),
                     RECEIVER_OK);
    assert_int_equal(again.size, bytes_size);
    assert_memory_equal(again.bytes, bytes, bytes_size);
    free(again.bytes);
    deflate_free(&stream);
    if (size > 0) {
        assert_int_equal(deflate_read(bytes, bytes_size, size - 1, &stream, &used), RECEIVER_TOO_LARGE);
        deflate_free(&stream);
    }
}

// Level 0 has stored blocks, small inputs fixed codes, the others their own.
TEST(same_again) {
    for (int level = 0; level <= 12; level += 3) {
        for (size_t size = 0; size < 300000; size = size * 3 + 1) {
            uint8_t *plain = text_of(3, 0, size), *bytes;
            size_t bytes_size = deflate(level, plain, size, &bytes);
            expect_same(plain, size, bytes, bytes_size);
            free(bytes);
            free(plain);
        }
    }
}

// A block of each type: "a" stored, an empty stored one (a flush), "bbbb" by fixed codes.
TEST(blocks_of_a_flush) {
    static const uint8_t bytes[] = {0x00, 1, 0, 0xfe, 0xff, 'a', 0x00, 0, 0, 0xff, 0xff, 0x4b, 0x02, 0x02, 0x00};
    struct deflate_stream stream = {0};
    size_t used;
    assert_int_equal(deflate_read(bytes, sizeof bytes, 100, &stream, &used), RECEIVER_OK);
    assert_int_equal(stream.block_count, 3);
    assert_int_equal(stream.blocks[1], 0);
    deflate_free(&stream);
    expect_same((const uint8_t *)"abbbb", 5, bytes, sizeof bytes);
}

// Empty blocks of ten bits each: so many of them no compressor writes, and each takes as long as a full one.
TEST(empty_blocks) {
    uint8_t bytes[4000] = {0};
    for (size_t bit = 1; bit < sizeof bytes * 8; bit += 10) { // fixed codes; the end of a block is seven zeros
        bytes[bit / 8] |= (uint8_t)(1 << bit % 8);
    }
    struct deflate_stream stream = {0};
    size_t used;
    assert_int_equal(deflate_read(bytes, sizeof bytes, 1 << 20, &stream, &used), RECEIVER_BAD_UPLOAD);
    assert_true(stream.block_count < 100);
    deflate_free(&stream);
}

TEST(cut_off_and_damaged) {
    uint8_t *plain = text_of(4, 0, 5000), *bytes;
    size_t size = deflate(6, plain, 5000, &bytes), used;
    struct deflate_stream stream = {0};
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *part = malloc(cut + 1);
        memcpy(part, bytes, cut);
        assert_int_equal(deflate_read(part, cut, 100000, &stream, &used), RECEIVER_BAD_UPLOAD);
        deflate_free(&stream);
        free(part);
    }
    for (size_t bit = 0; bit < size * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum receiver_error error = deflate_read(bytes, size, 100000, &stream, &used);
        assert_true(error == RECEIVER_OK || error == RECEIVER_BAD_UPLOAD || error == RECEIVER_TOO_LARGE);
        deflate_free(&stream);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    free(bytes);
    free(plain);
}

// Parts that make no stream.
TEST(wrong_parts) {
    uint8_t *plain = text_of(5, 0, 1000), *bytes;
    size_t size = deflate(6, plain, 1000, &bytes), used;
    struct deflate_stream stream = {0};
    struct bit_writer out = {0};
    assert_int_equal(deflate_read(bytes, size, 1000, &stream, &used), RECEIVER_OK);
    assert_true(stream.matches.count > 1);
    struct deflate_match *last = &stream.matches.list[stream.matches.count - 1], kept = *last;
    const struct deflate_match wrong[] = {{kept.at, 259, 1}, {kept.at, 2, 1}, {kept.at, kept.length, 40000}, {999, 258, 1}, {0, 3, 1}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        *last = wrong[i];
        enum receiver_error error =
            deflate_write(plain, 1000, &stream.matches, stream.blocks, stream.block_count, stream.headers.bytes, stream.headers.size, &out);
        assert_int_equal(error, RECEIVER_DAMAGED);
    }
    *last = kept;
    assert_int_equal(deflate_write(plain, 999, &stream.matches, stream.blocks, 1, stream.headers.bytes, stream.headers.size, &out),
                     RECEIVER_DAMAGED);
    assert_int_equal(deflate_write(plain, 1000, &stream.matches, stream.blocks, 1, stream.headers.bytes, 0, &out), RECEIVER_DAMAGED);
    free(out.bytes);
    deflate_free(&stream);
    free(bytes);
    free(plain);
}

int main(void) {
    return tests_run();
}
