// utf8_test.c: the borders of Unicode 16, table 3-7.

#include "test.h"

#include <string.h>

#include "../utf8.h"

static size_t length(const char *text) {
    return utf8_length(text, strlen(text));
}

TEST(lengths) {
    assert_int_equal(length("a"), 1);
    assert_int_equal(length("\x7f"), 1);
    assert_int_equal(length("\xc2\x80"), 2);
    assert_int_equal(length("\xdf\xbf"), 2);
    assert_int_equal(length("\xe0\xa0\x80"), 3);
    assert_int_equal(length("\xed\x9f\xbf"), 3);
    assert_int_equal(length("\xef\xbf\xbf"), 3);
    assert_int_equal(length("\xf0\x90\x80\x80"), 4);
    assert_int_equal(length("\xf4\x8f\xbf\xbf"), 4);
    assert_int_equal(length("\xc3\xa9tude"), 2);
    assert_int_equal(utf8_length("\0", 1), 1);
}

TEST(no_sequence) {
    assert_int_equal(utf8_length("a", 0), 0);
    assert_int_equal(utf8_length("\xe2\x82\xac", 2), 0); // cut
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2 ",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xe2\x82 ",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff\xff\xff\xff"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(length(bad[i]), 0);
    }
}

TEST(each_character_is_written_as_one_sequence) {
    char bytes[4], before[5] = "";
    for (uint32_t character = 1; character < 0x110400; character++) {
        bool is_none = (character >= 0xd800 && character < 0xe000) || character >= 0x110000;
        size_t size = utf8_encode(character, bytes);
        if (size != (is_none ? 0 : utf8_length(bytes, size))) {
            fail_msg("%x", (unsigned)character);
        }
        bool is_noncharacter = (character >= 0xfdd0 && character <= 0xfdef) || (character & 0xfffe) == 0xfffe;
        if (!is_none && is_noncharacter != utf8_is_noncharacter(bytes, size)) {
            fail_msg("%x", (unsigned)character);
        }
        char now[5] = "";
        memcpy(now, bytes, size);
        if (!is_none && strcmp(before, now) >= 0) { // the order of UTF-8 is that of the characters
            fail_msg("%x", (unsigned)character);
        }
        if (!is_none) {
            memcpy(before, now, sizeof before);
        }
    }
    assert_int_equal(utf8_encode(0x20ac, bytes), 3);
    assert_memory_equal(bytes, "\xe2\x82\xac", 3);
}

int main(void) {
    return tests_run();
}
