// text_test.c: numbers in both forms, and texts in all encodings, also cut off.

#include "../../base/test/test.h"

#include "../bytes.h"

static struct jfr_cursor exact(const void *bytes, size_t size, bool fixed, uint8_t **copy) {
    *copy = malloc(size + !size); // so that the sanitizer sees reads beyond the end
    memcpy(*copy, bytes, size);
    return (struct jfr_cursor){*copy, *copy + size, fixed, false};
}

TEST(numbers_are_read_to_their_ninth_byte) {
    static const struct {
        uint8_t bytes[9];
        size_t size;
        uint64_t value;
    } numbers[] = {{{0}, 1, 0},
                   {{0x7F}, 1, 127},
                   {{0x80, 1}, 2, 128},
                   {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, 9, UINT64_MAX},
                   {{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80}, 9, (uint64_t)1 << 63}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        for (size_t size = 0; size <= numbers[i].size; size++) {
            uint8_t *copy;
            struct jfr_cursor cursor = exact(numbers[i].bytes, size, false, &copy);
            uint64_t value = jfr_varint(&cursor);
            assert_int_equal(cursor.failed, size < numbers[i].size);
            assert_true(value == (size < numbers[i].size ? 0 : numbers[i].value));
            assert_ptr_equal(cursor.at, cursor.end);
            free(copy);
        }
    }
    static const uint8_t wide[] = {0, 0, 0, 0, 0, 0, 1, 2};
    struct jfr_cursor cursor = {wide, wide + 8, true, false};
    assert_true(jfr_number(&cursor, 8) == 258 && !cursor.failed);
    cursor.at = wide + 4;
    assert_true(jfr_number(&cursor, 4) == 258 && !cursor.failed);
    assert_true(jfr_number(&cursor, 4) == 0 && cursor.failed);
}

// Skipping is reading without the values: for runs of numbers of all lengths, from all places, to all ends.
TEST(skipping_is_reading) {
    uint8_t bytes[400];
    uint64_t random = 88172645463325252u;
    for (int round = 0; round < 3000; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17; // xorshift64
            bytes[i] = (uint8_t)(random >> 40) | (random % 8 < (uint64_t)round % 9 ? 0x80 : 0);
        }
        size_t size = 1 + random % sizeof bytes;
        uint64_t count = (random >> 20) % 120;
        uint8_t *copy;
        struct jfr_cursor skipped = exact(bytes, size, false, &copy), read = skipped;
        jfr_skip_varints(&skipped, count);
        for (uint64_t i = 0; i < count; i++) {
            jfr_varint(&read);
        }
        assert_ptr_equal(skipped.at, read.at);
        assert_int_equal(skipped.failed, read.failed);
        free(copy);
    }
}

static void expect_text(const void *bytes, size_t size, bool fixed, const char *expected) {
    for (size_t cut = 0; cut <= size; cut++) {
        uint8_t *copy;
        struct jfr_cursor cursor = exact(bytes, cut, fixed, &copy);
        struct jfr_text text = jfr_text(&cursor);
        assert_int_equal(cursor.failed, cut < size);
        if (cut == size) {
            char *out = malloc(jfr_text_room(&text) + 1);
            size_t length = jfr_text_write(&text, fixed, out);
            assert_true(length <= jfr_text_room(&text));
            assert_int_equal(length, strlen(expected));
            assert_memory_equal(out, expected, length);
            assert_ptr_equal(cursor.at, cursor.end);
            free(out);
        } else {
            assert_int_equal(text.encoding, JFR_TEXT_NULL);
        }
        free(copy);
    }
}

TEST(texts_of_all_encodings_are_utf8) {
    expect_text("\0", 1, false, "");
    expect_text("\1", 1, false, "");
    expect_text("\2\x81\1", 3, false, ""); // the key 129 of a pool
    expect_text("\3\5h\xC3\xA4ll", 7, false, "h\xC3\xA4ll");
    expect_text("\5\4h\xE4ll", 6, false, "h\xC3\xA4ll");
    // h, U+00E4, U+20AC, a pair of surrogates for U+1F600, half a pair, a low half alone
    static const uint8_t units[] = {4,    7,    'h',  0xE4, 0x01, 0xAC, 0x41, 0xBD, 0xB0, 0x03,
                                    0x80, 0xBC, 0x03, 0xBD, 0xB0, 0x03, 0x80, 0xBC, 0x03};
    expect_text(units, sizeof units, false, "h\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\xF0\x9F\x98\x80");
    static const uint8_t halves[] = {4, 3, 0xBD, 0xB0, 0x03, 'x', 0x80, 0xBC, 0x03};
    expect_text(halves, sizeof halves, false, "\xEF\xBF\xBDx\xEF\xBF\xBD");
    static const uint8_t fixed[] = {4, 0, 0, 0, 2, 0x20, 0xAC, 0, 'x'};
    expect_text(fixed, sizeof fixed, true, "\xE2\x82\xACx");
}

TEST(lengths_beyond_the_end_fail) {
    for (unsigned encoding = 3; encoding < 256; encoding++) {
        uint8_t bytes[] = {(uint8_t)encoding, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 'x'};
        for (int fixed = 0; fixed < 2; fixed++) {
            struct jfr_cursor cursor = {bytes, bytes + sizeof bytes, fixed, false};
            jfr_text(&cursor);
            assert_true(cursor.failed);
        }
    }
}

TEST(long_texts_are_cut_before_a_character) {
    struct jfr_text text = {(const uint8_t *)"ab\xE2\x82\xAC", 5, JFR_TEXT_UTF8}, latin = {(const uint8_t *)"\xE4\xE4", 2, JFR_TEXT_LATIN1};
    struct jfr_text key = {NULL, 100, JFR_TEXT_POOL};
    jfr_text_cut(&text, 5), jfr_text_cut(&key, 5);
    assert_true(text.size == 5 && key.size == 100);
    jfr_text_cut(&text, 4);
    assert_int_equal(text.size, 2);
    jfr_text_cut(&text, 1), jfr_text_cut(&latin, 1);
    assert_true(text.size == 1 && latin.size == 1);
}

int main(void) {
    return tests_run();
}
