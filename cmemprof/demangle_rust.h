// demangle_rust.h: Rust's two manglings: the old one, which looks like C++'s with a hash at its end, and v0 ("_R").
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_DEMANGLE_RUST_H
#define CMEMPROF_DEMANGLE_RUST_H

#include "namespace.h"
#include "demangle_text.h"

bool demangle_rust_old(const char *name, struct demangle_text *text); // "_ZN4leak4main17h0123456789abcdefE"
bool demangle_rust_v0(const char *name, struct demangle_text *text);  // "_RNvCs1234_4leak4main"

// What a compiler appends: ".cold".
void demangle_put_suffix(struct demangle_text *text, const char *suffix);
// False: it is not that encoding, or too long.
bool demangle_put_punycode(struct demangle_text *text, const char *bytes, size_t size);
// The bytes of a character. Nothing: there is no such character.
void demangle_put_character(struct demangle_text *text, uint32_t character);

#endif
