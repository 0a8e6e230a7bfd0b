// dwarf_bytes.c (naming): see dwarf_bytes.h.

#include "dwarf_bytes.h"

static uint64_t leb(struct dwarf_bytes *bytes, unsigned *bits, uint8_t *last) {
    uint64_t value = 0;
    *bits = 0;
    do {
        *last = (uint8_t)dwarf_fixed(bytes, 1);
        value |= (uint64_t)(*last & 0x7f) << *bits;
        *bits += 7;
    } while ((*last & 0x80) != 0 && *bits < 64);
    bytes->bad |= (*last & 0x80) != 0;
    return value;
}

uint64_t dwarf_uleb(struct dwarf_bytes *bytes) {
    if (bytes->at < bytes->end && *bytes->at < 0x80) { // the common case
        return *bytes->at++;
    }
    unsigned bits;
    uint8_t last;
    return leb(bytes, &bits, &last);
}

int64_t dwarf_sleb(struct dwarf_bytes *bytes) {
    unsigned bits;
    uint8_t last;
    uint64_t value = leb(bytes, &bits, &last);
    return (int64_t)(bits < 64 && (last & 0x40) != 0 ? value | UINT64_MAX << bits : value);
}

const char *dwarf_text(struct dwarf_bytes *bytes) {
    const uint8_t *begin = bytes->at;
    const uint8_t *end = bytes->at < bytes->end ? memchr(begin, '\0', dwarf_bytes_left(bytes)) : NULL;
    if (!end) {
        bytes->bad = true;
        bytes->at = bytes->end;
        return "";
    }
    bytes->at = end + 1;
    return (const char *)begin;
}

void dwarf_skip(struct dwarf_bytes *bytes, uint64_t size) {
    bool there = size <= dwarf_bytes_left(bytes);
    bytes->bad |= !there;
    bytes->at = there ? bytes->at + size : bytes->end;
}

bool dwarf_length(struct dwarf_bytes *bytes, size_t *offset_bytes) {
    uint64_t size = dwarf_fixed(bytes, 4);
    *offset_bytes = size == 0xffffffff ? 8 : 4;
    size = *offset_bytes == 8 ? dwarf_fixed(bytes, 8) : size;
    if (bytes->bad || size > dwarf_bytes_left(bytes)) {
        bytes->bad = true;
        return false;
    }
    bytes->end = bytes->at + size;
    return true;
}
