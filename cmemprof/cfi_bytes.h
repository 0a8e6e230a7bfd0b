// cfi_bytes.h (unwind): decodes the encodings of .eh_frame from untrusted bytes.
//
// A reader never passes its end: a value that does not fit reads as 0 and sets bad, which the caller checks once at the end.
#ifndef CMEMPROF_CFI_BYTES_H
#define CMEMPROF_CFI_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cfi_bytes {
    const uint8_t *at, *end;
    bool bad;
};

static inline struct cfi_bytes cfi_bytes_of(const uint8_t *at, const uint8_t *end) {
    return (struct cfi_bytes){at, end, at > end};
}

static inline size_t cfi_bytes_left(const struct cfi_bytes *bytes) {
    return bytes->bad ? 0 : (size_t)(bytes->end - bytes->at);
}

static inline void cfi_skip(struct cfi_bytes *bytes, uint64_t size) {
    if (size > cfi_bytes_left(bytes)) {
        bytes->bad = true;
        return;
    }
    bytes->at += size;
}

// Little-endian, of 1, 2, 4 or 8 bytes.
static inline uint64_t cfi_fixed(struct cfi_bytes *bytes, size_t size) {
    uint64_t value = 0;
    if (size > cfi_bytes_left(bytes)) {
        bytes->bad = true;
        return 0;
    }
    memcpy(&value, bytes->at, size);
    bytes->at += size;
    return value;
}

static inline int64_t cfi_sign_extend(uint64_t value, unsigned bits) {
    return bits >= 64 ? (int64_t)value : (int64_t)(value << (64 - bits)) >> (64 - bits);
}

static inline uint64_t cfi_leb(struct cfi_bytes *bytes, unsigned *bits) {
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        if (cfi_bytes_left(bytes) == 0) {
            bytes->bad = true;
            return 0;
        }
        byte = *bytes->at++;
        if (shift < 64) {
            value |= (uint64_t)(byte & 0x7f) << shift;
        }
        shift += 7;
    } while ((byte & 0x80) != 0);
    *bits = shift;
    return value;
}

static inline uint64_t cfi_uleb(struct cfi_bytes *bytes) {
    unsigned bits;
    return cfi_leb(bytes, &bits);
}

static inline int64_t cfi_sleb(struct cfi_bytes *bytes) {
    unsigned bits = 64;
    uint64_t value = cfi_leb(bytes, &bits);
    return cfi_sign_extend(value, bits);
}

// DW_EH_PE_*: the low nibble is the value's format, the high nibble its base.
enum {
    CFI_PE_ABSPTR = 0x00,
    CFI_PE_ULEB = 0x01,
    CFI_PE_UDATA2 = 0x02,
    CFI_PE_UDATA4 = 0x03,
    CFI_PE_UDATA8 = 0x04,
    CFI_PE_SLEB = 0x09,
    CFI_PE_SDATA2 = 0x0a,
    CFI_PE_SDATA4 = 0x0b,
    CFI_PE_SDATA8 = 0x0c,
    CFI_PE_PCREL = 0x10,
    CFI_PE_DATAREL = 0x30,
    CFI_PE_OMIT = 0xff
};

// Returns the stored value; the caller adds the base that the high nibble of encoding names.
static inline uint64_t cfi_encoded(struct cfi_bytes *bytes, uint8_t encoding) {
    switch (encoding & 0x0f) {
    case CFI_PE_ABSPTR:
    case CFI_PE_UDATA8:
    case CFI_PE_SDATA8:
        return cfi_fixed(bytes, 8);
    case CFI_PE_ULEB:
        return cfi_uleb(bytes);
    case CFI_PE_SLEB:
        return (uint64_t)cfi_sleb(bytes);
    case CFI_PE_UDATA2:
        return cfi_fixed(bytes, 2);
    case CFI_PE_UDATA4:
        return cfi_fixed(bytes, 4);
    case CFI_PE_SDATA2:
        return (uint64_t)cfi_sign_extend(cfi_fixed(bytes, 2), 16);
    case CFI_PE_SDATA4:
        return (uint64_t)cfi_sign_extend(cfi_fixed(bytes, 4), 32);
    default:
        bytes->bad = true;
        return 0;
    }
}

#endif
