// dwarf_bytes.h (naming): bounds-checked decoding of numbers and strings.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_DWARF_BYTES_H
#define CMEMPROF_DWARF_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "namespace.h"

// A cursor. Reading past the end yields 0 and sets bad.
struct dwarf_bytes {
    const uint8_t *at, *end;
    bool bad;
};

static inline size_t dwarf_bytes_left(const struct dwarf_bytes *bytes) {
    return (size_t)(bytes->end - bytes->at);
}

// Little-endian, 1 to 8 bytes.
static inline uint64_t dwarf_fixed(struct dwarf_bytes *bytes, size_t size) {
    uint64_t value = 0;
    if (size > sizeof value || size > dwarf_bytes_left(bytes)) {
        bytes->bad = true;
        bytes->at = bytes->end;
        return 0;
    }
    memcpy(&value, bytes->at, size); // assumes a little-endian host
    bytes->at += size;
    return value;
}

// LEB128 of at most 10 bytes (64 bits).
uint64_t dwarf_uleb(struct dwarf_bytes *bytes);
int64_t dwarf_sleb(struct dwarf_bytes *bytes);
// For what is written: the same numbers in at most 10 bytes. Return the end.
static inline uint8_t *dwarf_put_uleb(uint8_t *to, uint64_t value) {
    for (; value > 0x7f; value >>= 7) {
        *to++ = (uint8_t)(value | 0x80);
    }
    *to++ = (uint8_t)value;
    return to;
}
static inline uint8_t *dwarf_put_sleb(uint8_t *to, int64_t value) {
    for (; value < -0x40 || value > 0x3f; value >>= 7) {
        *to++ = (uint8_t)(value | 0x80);
    }
    *to++ = (uint8_t)(value & 0x7f);
    return to;
}
enum { DWARF_LEB_BYTES = 10 };
const char *dwarf_text(struct dwarf_bytes *bytes); // if unterminated: returns "" and sets bad
void dwarf_skip(struct dwarf_bytes *bytes, uint64_t size);

// Reads the initial length of a unit, line number program or list, and ends bytes there. Sets *offset_bytes to 4, or 8 in 64-bit DWARF.
bool dwarf_length(struct dwarf_bytes *bytes, size_t *offset_bytes);

#endif
