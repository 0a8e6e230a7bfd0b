// text.c: texts in UTF-8 (bytes.h). Threads: any. Memory: the caller's.
#include "bytes.h"

static size_t put(char *out, uint32_t character) {
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        out[0] = (char)(0xC0 | character >> 6);
        out[1] = (char)(0x80 | (character & 0x3F));
        return 2;
    }
    if (character < 0x10000) {
        out[0] = (char)(0xE0 | character >> 12);
        out[1] = (char)(0x80 | (character >> 6 & 0x3F));
        out[2] = (char)(0x80 | (character & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | character >> 18);
    out[1] = (char)(0x80 | (character >> 12 & 0x3F));
    out[2] = (char)(0x80 | (character >> 6 & 0x3F));
    out[3] = (char)(0x80 | (character & 0x3F));
    return 4;
}

// A pair of surrogates is one character of 4 bytes, in the room of 6; half a pair becomes U+FFFD.
static size_t write_characters(const struct jfr_text *text, bool fixed, char *out) {
    struct jfr_cursor cursor = {text->bytes, text->bytes + (fixed ? text->size * 2 : text->size * 9), fixed, false};
    size_t size = 0;
    uint32_t high = 0; // 0: none is pending
    for (uint64_t i = 0; i < text->size; i++) {
        uint32_t unit = (uint32_t)jfr_number(&cursor, 2) & 0xFFFF;
        bool is_low = unit >= 0xDC00 && unit < 0xE000;
        if (high != 0 && is_low) {
            size += put(out + size, 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00));
            high = 0;
            continue;
        }
        if (high != 0) {
            size += put(out + size, 0xFFFD);
        }
        high = unit >= 0xD800 && unit < 0xDC00 ? unit : 0;
        if (high == 0) {
            size += put(out + size, is_low ? 0xFFFD : unit);
        }
    }
    return high != 0 ? size + put(out + size, 0xFFFD) : size;
}

size_t jfr_text_write(const struct jfr_text *text, bool fixed, char *out) {
    size_t size = 0;
    switch (text->encoding) {
    case JFR_TEXT_UTF8:
        memcpy(out, text->bytes, text->size);
        return text->size;
    case JFR_TEXT_LATIN1:
        for (uint64_t i = 0; i < text->size; i++) {
            size += put(out + size, text->bytes[i]);
        }
        return size;
    case JFR_TEXT_CHARACTERS:
        return write_characters(text, fixed, out);
    default:
        return 0;
    }
}

void jfr_text_cut(struct jfr_text *text, size_t max) {
    bool sized = text->encoding == JFR_TEXT_UTF8 || text->encoding == JFR_TEXT_LATIN1 || text->encoding == JFR_TEXT_CHARACTERS;
    if (!sized || text->size <= max) {
        return;
    }
    text->size = max;
    while (text->encoding == JFR_TEXT_UTF8 && text->size > 0 && (text->bytes[text->size] & 0xC0) == 0x80) {
        text->size--;
    }
}
