// demangle.c (naming): chooses the mangling scheme.

#include "demangle.h"

#include "demangle_cxx.h"
#include "demangle_rust.h"

struct demangler {
    struct demangle_text text;
    struct cxx_tree tree;
};

struct demangler *demangler_new(struct symbolizer_arena *memory) {
    return symbolizer_arena_alloc(memory, sizeof(struct demangler));
}

static bool try(struct demangler *demangler, bool found) {
    struct demangle_text *text = &demangler->text;
    bool readable = found && !text->failed && text->size > 0;
    text->bytes[readable ? text->size : 0] = '\0';
    return readable;
}

static void begin(struct demangler *demangler) {
    demangler->text.size = 0;
    demangler->text.failed = false;
}

// Rust's legacy mangling is valid C++, so it is tried first.
const char *demangle(struct demangler *demangler, const char *name) {
    if (name[0] != '_' || (name[1] != 'Z' && name[1] != 'R')) {
        return NULL;
    }
    begin(demangler);
    if (try(demangler, name[1] == 'R' ? demangle_rust_v0(name, &demangler->text) : demangle_rust_legacy(name, &demangler->text))) {
        return demangler->text.bytes;
    }
    begin(demangler);
    return name[1] == 'Z' && try(demangler, demangle_cxx(name, &demangler->tree, &demangler->text)) ? demangler->text.bytes : NULL;
}
