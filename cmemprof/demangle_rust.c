// demangle_rust.c (naming): Rust's legacy mangling; v0 is in demangle_rust_v0.c.

#include "demangle_rust.h"

#include "../base/utf8.h"

enum { HASH_BYTES = 17 };

void demangle_put_character(struct demangle_text *text, uint32_t character) {
    char bytes[4];
    size_t size = utf8_encode(character, bytes);
    if (size > 0) {
        text_put(text, bytes, size);
    } else {
        text->failed = true;
    }
}

// LLVM's numbering of copies is omitted.
void demangle_put_suffix(struct demangle_text *text, const char *suffix) {
    static const char llvm[] = ".llvm.";
    size_t size = sizeof llvm - 1;
    bool is_number = strncmp(suffix, llvm, size) == 0 && suffix[size + strspn(suffix + size, "0123456789ABCDEFabcdef@")] == '\0';
    text_puts(text, is_number ? "" : suffix);
}

// The hash "17h0123456789abcdef" is the last part. Returns the end of the other parts, or NULL.
static const char *parts_end(const char *at) {
    const char *part = at;
    size_t size = 0;
    while (*at >= '0' && *at <= '9') {
        for (size = 0; *at >= '0' && *at <= '9' && size < 1 << 20; at++) {
            size = size * 10 + (size_t)(*at - '0');
        }
        part = at;
        if (size == 0 || strnlen(at, size) < size) {
            return NULL;
        }
        at += size;
    }
    if (*at != 'E' || size != HASH_BYTES || part[0] != 'h' || strspn(part + 1, "0123456789abcdef") < HASH_BYTES - 1) {
        return NULL;
    }
    return at;
}

// Decodes an escape such as "$LT$". Returns its length, or 0 if it is none.
static size_t put_escape(struct demangle_text *text, const char *bytes, size_t size) {
    static const struct {
        const char *escape, *meaning;
    } escapes[] = {{"$SP$", "@"}, {"$BP$", "*"}, {"$RF$", "&"}, {"$LT$", "<"}, {"$GT$", ">"}, {"$LP$", "("}, {"$RP$", ")"}, {"$C$", ","}};
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        size_t length = strlen(escapes[i].escape);
        if (size >= length && memcmp(bytes, escapes[i].escape, length) == 0) {
            text_puts(text, escapes[i].meaning);
            return length;
        }
    }
    if (size < 4 || bytes[1] != 'u') {
        return 0;
    }
    uint32_t character = 0;
    size_t at = 2;
    for (; at < size && at < 8 && strchr("0123456789abcdef", bytes[at]); at++) {
        character = character * 16 + (uint32_t)(bytes[at] <= '9' ? bytes[at] - '0' : bytes[at] - 'a' + 10);
    }
    if (at == 2 || at >= size || bytes[at] != '$' || character < 0x20 || character == 0x7f) {
        return 0;
    }
    demangle_put_character(text, character);
    return at + 1;
}

static void put_part(struct demangle_text *text, const char *bytes, size_t size) {
    if (size >= 2 && bytes[0] == '_' && bytes[1] == '$') { // inserted, since a part cannot begin with "$"
        bytes++;
        size--;
    }
    while (size > 0) {
        size_t used = 1;
        if (size >= 2 && bytes[0] == '.' && bytes[1] == '.') {
            text_puts(text, "::");
            used = 2;
        } else if (bytes[0] == '$') {
            used = put_escape(text, bytes, size);
            if (used == 0) { // unknown escape: copy the rest
                text_put(text, bytes, size);
                return;
            }
        } else {
            text_put(text, bytes, 1);
        }
        bytes += used;
        size -= used;
    }
}

bool demangle_rust_legacy(const char *name, struct demangle_text *text) {
    if (strncmp(name, "_ZN", 3) != 0) {
        return false;
    }
    const char *at = name + 3, *end = parts_end(at);
    if (!end) {
        return false;
    }
    while (at < end - HASH_BYTES) {
        size_t size = 0;
        for (; *at >= '0' && *at <= '9'; at++) {
            size = size * 10 + (size_t)(*at - '0');
        }
        if (at + size >= end) {
            break; // the hash
        }
        if (text->size > 0) {
            text_puts(text, "::");
        }
        put_part(text, at, size);
        at += size;
    }
    demangle_put_suffix(text, end + 1);
    return !text->failed && text->size > 0;
}
