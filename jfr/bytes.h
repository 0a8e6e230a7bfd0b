// bytes.h: reads numbers and texts of a chunk.
//
// If the chunk says so (feature 1, set by every JVM since 9), integers are varints: 7 bits a byte, low ones first, at most 9 bytes, the
// ninth of which has 8 bits. Otherwise they are big-endian in the width of their type. Bytes, booleans and floating-point numbers are
// never varints.
//
// Nothing is read beyond the end: then `failed` is set, and numbers are 0 from there on.
// Threads: as its owner. Memory: none.
#ifndef CMEMPROF_JFR_BYTES_H
#define CMEMPROF_JFR_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct jfr_cursor {
    const uint8_t *at, *end;
    bool fixed; // integers are not varints
    bool failed;
};

static inline size_t jfr_left(const struct jfr_cursor *cursor) {
    return (size_t)(cursor->end - cursor->at);
}

static inline void jfr_skip_bytes(struct jfr_cursor *cursor, uint64_t count) {
    if (count > jfr_left(cursor)) {
        cursor->failed = true;
        cursor->at = cursor->end;
    } else {
        cursor->at += count;
    }
}

static inline uint64_t jfr_big_endian(const uint8_t *at, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

static inline uint64_t jfr_fixed(struct jfr_cursor *cursor, size_t bytes) {
    if (jfr_left(cursor) < bytes) {
        cursor->failed = true;
        cursor->at = cursor->end;
        return 0;
    }
    cursor->at += bytes;
    return jfr_big_endian(cursor->at - bytes, bytes);
}

static inline uint64_t jfr_varint(struct jfr_cursor *cursor) {
    uint64_t value = 0;
    const uint8_t *at = cursor->at;
    for (unsigned shift = 0; at < cursor->end; shift += 7) {
        uint64_t byte = *at++;
        if (byte < 0x80 || shift == 56) {
            cursor->at = at;
            return value | byte << shift;
        }
        value |= (byte & 0x7F) << shift;
    }
    cursor->failed = true;
    cursor->at = cursor->end;
    return 0;
}

// width: bytes of the type, for chunks without varints.
static inline uint64_t jfr_number(struct jfr_cursor *cursor, size_t width) {
    return cursor->fixed ? jfr_fixed(cursor, width) : jfr_varint(cursor);
}

// Skips whole varints eight bytes at a time: as many as end within them.
static inline void jfr_skip_varints(struct jfr_cursor *cursor, uint64_t count) {
    while (count > 0 && jfr_left(cursor) >= 8) {
        uint64_t word, ends;
        memcpy(&word, cursor->at, 8);
        ends = ~word & UINT64_C(0x8080808080808080);                        // little-endian: the lowest bit is the first byte's
        uint64_t inside = (ends >> 7) * UINT64_C(0x0101010101010101) >> 56; // how many bits: __builtin_popcountll is a call
        if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || inside == 0 || inside > count) {
            jfr_varint(cursor);
            count--;
            continue;
        }
        cursor->at += 8 - (unsigned)__builtin_clzll(ends) / 8;
        count -= inside;
    }
    for (; count > 0 && !cursor->failed; count--) {
        jfr_varint(cursor);
    }
}

// ---- Texts ----

enum { JFR_TEXT_NULL, JFR_TEXT_EMPTY, JFR_TEXT_POOL, JFR_TEXT_UTF8, JFR_TEXT_CHARACTERS, JFR_TEXT_LATIN1 };

struct jfr_text {
    const uint8_t *bytes; // of JFR_TEXT_CHARACTERS: its numbers
    uint64_t size;        // in bytes; of JFR_TEXT_CHARACTERS: in UTF-16 units; of JFR_TEXT_POOL: the constant's key
    uint8_t encoding;     // JFR_TEXT_NULL after a failure
};

static inline struct jfr_text jfr_text(struct jfr_cursor *cursor) {
    struct jfr_text text = {.encoding = (uint8_t)jfr_fixed(cursor, 1)};
    switch (text.encoding) {
    case JFR_TEXT_NULL:
    case JFR_TEXT_EMPTY:
        return text;
    case JFR_TEXT_POOL:
        text.size = jfr_number(cursor, 8);
        break;
    case JFR_TEXT_UTF8:
    case JFR_TEXT_LATIN1:
        text.size = jfr_number(cursor, 4);
        text.bytes = cursor->at;
        jfr_skip_bytes(cursor, text.size);
        break;
    case JFR_TEXT_CHARACTERS:
        text.size = jfr_number(cursor, 4);
        text.bytes = cursor->at;
        if (cursor->fixed) {
            jfr_skip_bytes(cursor, text.size <= UINT32_MAX ? text.size * 2 : UINT64_MAX);
        } else if (text.size > jfr_left(cursor)) { // a character is a byte at least
            cursor->failed = true;
        } else {
            jfr_skip_varints(cursor, text.size);
        }
        break;
    default:
        cursor->failed = true;
    }
    return cursor->failed ? (struct jfr_text){0} : text;
}

// text.c. Writes the text in UTF-8 to out, which must have room for jfr_text_room(text) bytes. Returns the size. A text of a pool is empty.
size_t jfr_text_write(const struct jfr_text *text, bool fixed, char *out);
enum { JFR_MAX_NAME = 4096 }; // of types, fields, classes, methods, threads: longer ones are cut, as many things may refer to one text
// Cuts what is longer than about max bytes. A UTF-8 text is cut before a character.
void jfr_text_cut(struct jfr_text *text, size_t max);
static inline size_t jfr_text_room(const struct jfr_text *text) {
    return text->encoding == JFR_TEXT_UTF8         ? text->size
           : text->encoding == JFR_TEXT_LATIN1     ? text->size * 2
           : text->encoding == JFR_TEXT_CHARACTERS ? text->size * 3
                                                   : 0;
}

#endif
