// demangle.c: which of the manglings it is.

#include "demangle.h"

#include "demangle_cxx.h"
#include "demangle_rust.h"

struct demangle_place {
    struct demangle_text text;
    struct cxx_tree tree;
};

struct demangle_place *demangle_place_new(struct symbolizer_arena *memory) {
    return symbolizer_arena_alloc(memory, sizeof(struct demangle_place));
}

static bool try(struct demangle_place *place, bool found) {
    struct demangle_text *text = &place->text;
    bool readable = found && !text->failed && text->size > 0;
    text->bytes[readable ? text->size : 0] = '\0';
    return readable;
}

static void begin(struct demangle_place *place) {
    place->text.size = 0;
    place->text.failed = false;
}

// The old mangling of Rust is valid C++.
const char *demangle(struct demangle_place *place, const char *name) {
    if (name[0] != '_' || (name[1] != 'Z' && name[1] != 'R')) {
        return NULL;
    }
    begin(place);
    if (try(place, name[1] == 'R' ? demangle_rust_v0(name, &place->text) : demangle_rust_old(name, &place->text))) {
        return place->text.bytes;
    }
    begin(place);
    return name[1] == 'Z' && try(place, demangle_cxx(name, &place->tree, &place->text)) ? place->text.bytes : NULL;
}
