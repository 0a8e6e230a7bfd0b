// demangle_punycode.c (naming): non-ASCII identifiers in Rust's v0 mangling: RFC 3492, with "_" as the delimiter.

#include "demangle_rust.h"

enum { MAX_CHARACTERS = 256 };

// RFC 3492: each non-ASCII character is encoded as a delta to the one before and to its position.
static bool insert_characters(const char *at, const char *end, uint32_t *characters, size_t count, size_t *total) {
    enum { BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, FIRST_BIAS = 72, FIRST = 0x80 };
    uint32_t character = FIRST, position = 0, bias = FIRST_BIAS;
    while (at < end) {
        uint32_t before = position, weight = 1;
        for (uint32_t k = BASE;; k += BASE) {
            if (at == end) {
                return false;
            }
            char c = *at++;
            uint32_t digit = c >= 'a' && c <= 'z' ? (uint32_t)(c - 'a') : c >= '0' && c <= '9' ? (uint32_t)(c - '0') + 26 : BASE;
            if (digit >= BASE || digit > (UINT32_MAX - position) / weight) {
                return false;
            }
            position += digit * weight;
            uint32_t threshold = k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;
            if (digit < threshold) {
                break;
            }
            if (weight > UINT32_MAX / BASE) {
                return false;
            }
            weight *= BASE - threshold;
        }
        if (count == MAX_CHARACTERS) {
            return false;
        }
        count++;
        uint32_t delta = before == 0 ? position / DAMP : (position - before) / 2;
        delta += delta / (uint32_t)count;
        uint32_t k = 0;
        for (; delta > (BASE - TMIN) * TMAX / 2; k += BASE) {
            delta /= BASE - TMIN;
        }
        bias = k + (BASE - TMIN + 1) * delta / (delta + SKEW);
        if (position / count > 0x10ffff - character) {
            return false;
        }
        character += (uint32_t)(position / count);
        position %= (uint32_t)count;
        memmove(characters + position + 1, characters + position, (count - 1 - position) * sizeof *characters);
        characters[position++] = character;
    }
    *total = count;
    return true;
}

bool demangle_put_punycode(struct demangle_text *text, const char *bytes, size_t size) {
    uint32_t characters[MAX_CHARACTERS];
    size_t plain = size, count;
    while (plain > 0 && bytes[plain - 1] != '_') {
        plain--;
    }
    const char *rest = bytes + plain;
    plain -= plain > 0;
    if (plain > MAX_CHARACTERS || rest == bytes + size) {
        return false;
    }
    for (size_t i = 0; i < plain; i++) {
        characters[i] = (uint8_t)bytes[i];
    }
    if (!insert_characters(rest, bytes + size, characters, plain, &count)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        demangle_put_character(text, characters[i]);
    }
    return true;
}
