// deflate_recipe_test.c: a gzip file comes back from its bytes and a recipe, also of a compressor that is not known; recipes that are none
// are errors.

#include "../../../base/test/test.h"

#include "../deflate_recipe.h"
#include "../numbers.h"
#include "texts.h"

#include <libdeflate.h>

enum { SIZE = 60000 };

static size_t gzip(int level, const uint8_t *plain, size_t size, uint8_t **out) {
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(level);
    size_t room = libdeflate_gzip_compress_bound(compressor, size) + 100;
    *out = malloc(room);
    size_t used = libdeflate_gzip_compress(compressor, plain, size, *out, room);
    libdeflate_free_compressor(compressor);
    return used;
}

// The stream that a known compressor would make, but for its codes.
static size_t gzip_as(enum deflate_writer writer, const uint8_t *plain, size_t size, uint8_t **out) {
    static const uint8_t header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255}, fixed[1] = {3}; // final, fixed codes
    struct deflate_matches matches = {0};
    struct bit_writer bytes = {0};
    uint32_t block = (uint32_t)size;
    assert_int_equal(deflate_guess(writer, plain, size, NULL, &matches), RECEIVER_OK);
    numbers_put_bytes(&bytes, header, sizeof header);
    assert_int_equal(deflate_write(plain, size, &matches, &block, 1, fixed, 1, &bytes), RECEIVER_OK);
    bits_put(&bytes, libdeflate_crc32(0, plain, size), 32);
    bits_put(&bytes, block, 32);
    free(matches.list);
    *out = bytes.bytes;
    return bytes.size;
}

static size_t expect_same(const uint8_t *bytes, size_t size, enum deflate_writer *hint) {
    uint8_t *plain;
    size_t plain_size;
    struct bit_writer recipe, again = {0};
    assert_int_equal(deflate_recipe_make(bytes, size, 1 << 20, hint, NULL, &plain, &plain_size, &recipe), RECEIVER_OK);
    assert_int_equal(deflate_recipe_follow(plain, plain_size, recipe.bytes, recipe.size, &again), RECEIVER_OK);
    assert_int_equal(again.size, size);
    assert_memory_equal(again.bytes, bytes, size);
    free(again.bytes);
    free(recipe.bytes);
    free(plain);
    return recipe.size;
}

TEST(known_compressors) {
    uint8_t *plain = text_of(1, 0, SIZE), *bytes;
    for (int writer = 0; writer < DEFLATE_WRITERS; writer++) {
        size_t size = gzip_as((enum deflate_writer)writer, plain, SIZE, &bytes);
        enum deflate_writer hint = DEFLATE_GO_6;
        assert_true(expect_same(bytes, size, &hint) < 40);
        assert_true((int)hint == writer || writer == DEFLATE_ZLIB_9); // as level 6 but for a few
        free(bytes);
    }
    free(plain);
}

// Of bytes in which each place has the same three as thousands before, zlib 9 would try them all: it is not asked again.
TEST(bounded_work) {
    enum { WORST = 64 << 10 };
    uint8_t *plain = malloc(WORST), *bytes;
    uint32_t random = 1;
    for (size_t i = 0; i < WORST; i++) {
        random = random * 1664525 + 1013904223;
        plain[i] = i % 5 < 3 ? (uint8_t)("abc"[i % 5]) : (uint8_t)(random >> 24);
    }
    struct deflate_matches matches = {0};
    struct deflate_effort effort = {.steps = 1 << 24};
    assert_int_equal(deflate_guess(DEFLATE_ZLIB_9, plain, WORST, &effort, &matches), RECEIVER_TOO_LARGE);
    assert_int_equal(effort.steps, 0);
    free(matches.list);
    size_t size = gzip_as(DEFLATE_ZLIB_9, plain, WORST, &bytes), plain_size;
    enum deflate_writer hint = DEFLATE_ZLIB_9;
    uint8_t *got;
    struct bit_writer recipe;
    enum receiver_error error = deflate_recipe_make(bytes, size, 1 << 20, &hint, NULL, &got, &plain_size, &recipe);
    assert_true(error == RECEIVER_NOT_FOUND || (error == RECEIVER_OK && hint != DEFLATE_ZLIB_9));
    if (error == RECEIVER_OK) {
        free(got);
        free(recipe.bytes);
    }
    atomic_bool stop = true;
    assert_int_equal(deflate_recipe_make(bytes, size, 1 << 20, &hint, &stop, &got, &plain_size, &recipe), RECEIVER_BUSY);
    free(bytes);
    free(plain);
}

// A stream in which a match is missing, one is shorter, and one is elsewhere: a few bytes more.
TEST(differences) {
    uint8_t *plain = text_of(1, 0, SIZE), *bytes;
    static const uint8_t header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255}, fixed[1] = {3};
    struct deflate_matches matches = {0};
    struct bit_writer out = {0};
    uint32_t block = SIZE;
    enum deflate_writer hint = DEFLATE_KLAUSPOST_1;
    assert_int_equal(deflate_guess(DEFLATE_KLAUSPOST_1, plain, SIZE, NULL, &matches), RECEIVER_OK);
    size_t missing = matches.count / 2;
    memmove(matches.list + missing, matches.list + missing + 1, (matches.count - missing - 1) * sizeof *matches.list);
    matches.count -= 2; // and the last one
    for (size_t i = 0; i < missing; i++) {
        if (matches.list[i].length > 3) {
            matches.list[i].length--;
            break;
        }
    }
    numbers_put_bytes(&out, header, sizeof header);
    assert_int_equal(deflate_write(plain, SIZE, &matches, &block, 1, fixed, 1, &out), RECEIVER_OK);
    bits_put(&out, libdeflate_crc32(0, plain, SIZE), 32);
    bits_put(&out, SIZE, 32);
    bytes = out.bytes;
    assert_true(expect_same(bytes, out.size, &hint) < 60);
    assert_int_equal(hint, DEFLATE_KLAUSPOST_1);
    free(matches.list);
    free(bytes);
    free(plain);
}

TEST(names_and_other_files) {
    uint8_t *plain = text_of(1, 0, 3000), *bytes, *got;
    size_t size = gzip_as(DEFLATE_GO_1, plain, 3000, &bytes), got_size;
    enum deflate_writer hint = DEFLATE_GO_1;
    struct bit_writer recipe;
    uint8_t *named = malloc(2 * size + 10);
    memcpy(named, bytes, 10);
    named[3] = 8; // a name follows
    memcpy(named + 10, "a.txt", 6);
    memcpy(named + 16, bytes + 10, size - 10);
    expect_same(named, size + 6, &hint);
    named[3] = 2; // no flag of a client's
    assert_int_equal(deflate_recipe_make(named, size + 6, 10000, &hint, NULL, &got, &got_size, &recipe), RECEIVER_NOT_FOUND);
    memcpy(named, bytes, size);
    memcpy(named + size, bytes, size); // two members
    assert_int_equal(deflate_recipe_make(named, 2 * size, 10000, &hint, NULL, &got, &got_size, &recipe), RECEIVER_NOT_FOUND);
    assert_int_equal(deflate_recipe_make(bytes, size, 2999, &hint, NULL, &got, &got_size, &recipe), RECEIVER_TOO_LARGE);
    bytes[size - 1] ^= 1; // the size in the trailer
    assert_int_equal(deflate_recipe_make(bytes, size, 10000, &hint, NULL, &got, &got_size, &recipe), RECEIVER_NOT_FOUND);
    for (size_t cut = 0; cut < 30; cut++) {
        assert_int_equal(deflate_recipe_make(bytes, cut, 10000, &hint, NULL, &got, &got_size, &recipe), RECEIVER_NOT_FOUND);
    }
    free(named);
    free(bytes);
    // A compressor that is not known: its recipe may be too large, but is never wrong.
    size = gzip(12, plain, 3000, &bytes);
    enum receiver_error error = deflate_recipe_make(bytes, size, 10000, &hint, NULL, &got, &got_size, &recipe);
    assert_true(error == RECEIVER_NOT_FOUND || error == RECEIVER_OK);
    if (error == RECEIVER_OK) {
        free(got);
        free(recipe.bytes);
    }
    free(bytes);
    free(plain);
}

TEST(recipes_that_are_none) {
    uint8_t *plain = text_of(1, 0, 3000), *bytes, *got;
    size_t size = gzip(6, plain, 3000, &bytes), got_size;
    enum deflate_writer hint = DEFLATE_ZLIB_6;
    struct bit_writer recipe;
    if (deflate_recipe_make(bytes, size, 10000, &hint, NULL, &got, &got_size, &recipe) == RECEIVER_OK) {
        for (size_t at = 0; at < recipe.size; at++) {
            uint8_t kept = recipe.bytes[at];
            for (int change = 1; change < 256; change <<= 1) {
                struct bit_writer out = {0};
                recipe.bytes[at] = (uint8_t)(kept ^ change);
                enum receiver_error error = deflate_recipe_follow(plain, 3000, recipe.bytes, recipe.size, &out);
                assert_true(error == RECEIVER_OK || error == RECEIVER_DAMAGED);
                free(out.bytes);
            }
            recipe.bytes[at] = kept;
            struct bit_writer out = {0};
            deflate_recipe_follow(plain, 3000, recipe.bytes, at, &out); // cut off: an error, or another file
            free(out.bytes);
        }
        free(got);
        free(recipe.bytes);
    } else {
        fail_msg("libdeflate's level 6 has no recipe; choose a level that has one");
    }
    free(bytes);
    free(plain);
}

int main(void) {
    return tests_run();
}
