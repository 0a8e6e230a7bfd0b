// demangle_rust.h (naming): Rust's two mangling schemes: the legacy one, C++'s with a hash at the end, and v0 ("_R").
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_DEMANGLE_RUST_H
#define CMEMPROF_DEMANGLE_RUST_H

#include "namespace.h"
#include "demangle_text.h"

bool demangle_rust_legacy(const char *name, struct demangle_text *text); // "_ZN4leak4main17h0123456789abcdefE"
bool demangle_rust_v0(const char *name, struct demangle_text *text);     // "_RNvCs1234_4leak4main"

// Appends a compiler's suffix: ".cold".
void demangle_put_suffix(struct demangle_text *text, const char *suffix);
// Returns false if it is not punycode, or too long.
bool demangle_put_punycode(struct demangle_text *text, const char *bytes, size_t size);
// Appends the character in UTF-8; nothing if it is not a valid code point.
void demangle_put_character(struct demangle_text *text, uint32_t character);

#endif
