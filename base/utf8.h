// utf8.h: tells UTF-8 from other bytes and its noncharacters, and writes it.
#ifndef CMEMPROF_BASE_UTF8_H
#define CMEMPROF_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Returns the length of the UTF-8 sequence at text (1 to 4 of the size bytes), or 0 if invalid: cut, overlong, a surrogate, above U+10FFFF,
// or no bytes.
static inline size_t utf8_length(const char *text, size_t size) {
    const unsigned char *s = (const unsigned char *)text;
    if (size == 0) {
        return 0;
    }
    size_t length = s[0] < 0x80 ? 1 : s[0] >= 0xC2 && s[0] < 0xE0 ? 2 : (s[0] & 0xF0) == 0xE0 ? 3 : s[0] >= 0xF0 && s[0] < 0xF5 ? 4 : 0;
    if (length == 0 || length > size) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    // The second byte reveals overlong forms, surrogates and code points above U+10FFFF (Unicode 15, table 3-7).
    bool bad =
        (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) || (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F);
    return bad ? 0 : length;
}

// Whether a sequence of that length is of a character that Unicode keeps for none, which parsers of text may refuse: U+FDD0 to U+FDEF,
// U+FFFE, U+FFFF, and the last two of each other plane.
static inline bool utf8_is_noncharacter(const char *text, size_t length) {
    const unsigned char *s = (const unsigned char *)text;
    if (length == 3 && s[0] == 0xEF && s[1] == 0xB7) {
        return s[2] >= 0x90 && s[2] <= 0xAF;
    }
    bool last = (length == 3 && s[0] == 0xEF && s[1] == 0xBF) || (length == 4 && (s[1] & 0x0F) == 0x0F && s[2] == 0xBF);
    return last && s[length - 1] >= 0xBE;
}

// Writes a character as UTF-8. Returns its length, or 0 if it is none: a surrogate, or above U+10FFFF.
static inline size_t utf8_encode(uint32_t character, char bytes[4]) {
    if (character < 0x80) {
        bytes[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        bytes[0] = (char)(0xc0 | character >> 6);
        bytes[1] = (char)(0x80 | (character & 0x3f));
        return 2;
    }
    if (character < 0x10000 && (character < 0xd800 || character >= 0xe000)) {
        bytes[0] = (char)(0xe0 | character >> 12);
        bytes[1] = (char)(0x80 | (character >> 6 & 0x3f));
        bytes[2] = (char)(0x80 | (character & 0x3f));
        return 3;
    }
    if (character >= 0x10000 && character < 0x110000) {
        bytes[0] = (char)(0xf0 | character >> 18);
        bytes[1] = (char)(0x80 | (character >> 12 & 0x3f));
        bytes[2] = (char)(0x80 | (character >> 6 & 0x3f));
        bytes[3] = (char)(0x80 | (character & 0x3f));
        return 4;
    }
    return 0;
}

#endif
