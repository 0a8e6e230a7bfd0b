// base64.h: bytes as text (RFC 4648, 4).
#ifndef CMEMPROF_BASE_BASE64_H
#define CMEMPROF_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

// Of the text, without a NUL.
static inline size_t base64_size(size_t bytes) {
    return bytes / 3 * 4 + (bytes % 3 > 0 ? 4 : 0);
}

// Writes base64_size(size) characters.
static inline void base64_write(const void *bytes, size_t size, char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *from = bytes;
    for (size_t i = 0; i < size; i += 3) {
        uint32_t three = (uint32_t)from[i] << 16;
        three |= i + 1 < size ? (uint32_t)from[i + 1] << 8 : 0;
        three |= i + 2 < size ? from[i + 2] : 0;
        *out++ = digits[three >> 18];
        *out++ = digits[three >> 12 & 63];
        *out++ = i + 1 < size ? digits[three >> 6 & 63] : '=';
        *out++ = i + 2 < size ? digits[three & 63] : '=';
    }
}

#endif
