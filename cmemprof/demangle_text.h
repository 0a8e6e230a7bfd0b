// demangle_text.h (naming): a bounded output buffer for the demangled name.
#ifndef CMEMPROF_DEMANGLE_TEXT_H
#define CMEMPROF_DEMANGLE_TEXT_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "namespace.h"
#include "demangle.h"

struct demangle_text {
    size_t size;
    bool failed; // too long, or the input is malformed
    char bytes[DEMANGLE_MAX_BYTES];
};

static inline void text_put(struct demangle_text *text, const char *bytes, size_t size) {
    if (text->failed || size >= sizeof text->bytes - text->size) {
        text->failed = true;
        return;
    }
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
}

static inline void text_puts(struct demangle_text *text, const char *bytes) {
    text_put(text, bytes, strlen(bytes));
}

static inline void text_putn(struct demangle_text *text, uint64_t number) {
    char digits[24];
    text_put(text, digits, (size_t)snprintf(digits, sizeof digits, "%" PRIu64, number));
}

static inline char text_last(const struct demangle_text *text) {
    return text->size > 0 ? text->bytes[text->size - 1] : '\0';
}

#endif
