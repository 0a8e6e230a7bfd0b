// dwarf_bytes.h: reading of numbers and texts from bytes that may be damaged.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_DWARF_BYTES_H
#define CMEMPROF_DWARF_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "namespace.h"

// Bytes that are read from the front. What would be behind the end is 0, and they are bad.
struct dwarf_bytes {
    const uint8_t *at, *end;
    bool bad;
};

static inline size_t dwarf_bytes_left(const struct dwarf_bytes *bytes) {
    return (size_t)(bytes->end - bytes->at);
}

// Of 1 to 8 bytes, little-endian.
static inline uint64_t dwarf_fixed(struct dwarf_bytes *bytes, size_t size) {
    uint64_t value = 0;
    if (size > sizeof value || size > dwarf_bytes_left(bytes)) {
        bytes->bad = true;
        bytes->at = bytes->end;
        return 0;
    }
    memcpy(&value, bytes->at, size); // this is for little-endian processors
    bytes->at += size;
    return value;
}

// LEB128, of 10 bytes at most, which hold 64 bits.
uint64_t dwarf_uleb(struct dwarf_bytes *bytes);
int64_t dwarf_sleb(struct dwarf_bytes *bytes);
const char *dwarf_text(struct dwarf_bytes *bytes); // ""  and bad: it does not end
void dwarf_skip(struct dwarf_bytes *bytes, uint64_t size);

// The length that begins units, line number programs and lists; *offset_bytes is 4, or 8 in 64-bit DWARF. The bytes end where it says.
bool dwarf_length(struct dwarf_bytes *bytes, size_t *offset_bytes);

#endif
