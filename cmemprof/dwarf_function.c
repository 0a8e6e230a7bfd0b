// dwarf_function.c (naming): see dwarf_function.h.

#include "dwarf_function.h"

#include <string.h>

#include "dwarf_names.h"
#include "function_index.h"

enum { MAX_SCOPES = 32 };

static const char *inherited_text(const struct dwarf_die *die, unsigned name) {
    struct dwarf_value value;
    return dwarf_die_inherited(die, name, &value) ? dwarf_value_text(&value) : "";
}

// C names are never qualified.
static bool has_scopes(const struct dwarf_unit *unit) {
    switch (unit->language) {
    case 0:
    case DW_LANG_C89:
    case DW_LANG_C:
    case DW_LANG_C99:
    case DW_LANG_C11:
    case DW_LANG_C17:
    case DW_LANG_C23:
    case DW_LANG_Mips_Assembler:
        return false;
    default:
        return true;
    }
}

// A declaration in a unit of its own (dwz, LTO) may lack a language there.
static bool is_qualified(const struct dwarf_die *die) {
    struct dwarf_die origin = dwarf_die_origin(die);
    return has_scopes(die->unit) || has_scopes(origin.unit);
}

static const char *scope_name(const struct dwarf_die *scope) {
    const char *name = inherited_text(scope, DW_AT_name);
    return name[0] != '\0' ? name : scope->abbrev->tag == DW_TAG_namespace ? "(anonymous namespace)" : "(unnamed)";
}

// The names of the enclosing scopes, innermost first.
static size_t scopes_around(const struct dwarf_die *die, const char **names) {
    size_t count = 0;
    struct dwarf_die at = dwarf_die_origin(die), parent;
    while (count < MAX_SCOPES) {
        struct function_index *index = function_index_of(at.unit);
        if (!index || !function_index_parent(index, &at, &parent)) {
            break;
        }
        at = dwarf_die_origin(&parent); // a class may be defined outside of its declaration's scope
        names[count++] = scope_name(&parent);
    }
    return count;
}

static const char *qualified(const struct dwarf_die *die, const char *name) {
    const char *scopes[MAX_SCOPES];
    size_t count = scopes_around(die, scopes), size = strlen(name) + 1;
    for (size_t i = 0; i < count; i++) {
        size += strlen(scopes[i]) + 2;
    }
    struct dwarf_names *names = &die->unit->file->names;
    if (count == 0 || size > sizeof names->bytes - names->used) {
        return name;
    }
    char *text = names->bytes + names->used;
    names->used += size;
    char *end = text;
    for (size_t i = count; i-- > 0;) {
        end = stpcpy(stpcpy(end, scopes[i]), "::");
    }
    strcpy(end, name);
    return text;
}

struct dwarf_function dwarf_function_of(const struct dwarf_die *die) {
    struct dwarf_value line;
    struct dwarf_function function = {
        .name = inherited_text(die, DW_AT_name),
        .linkage = inherited_text(die, DW_AT_linkage_name),
        .line = dwarf_die_inherited(die, DW_AT_decl_line, &line) ? line.number : 0,
    };
    if (function.linkage[0] == '\0') {
        function.linkage = inherited_text(die, DW_AT_MIPS_linkage_name);
    }
    if (function.name[0] != '\0' && is_qualified(die)) {
        function.name = qualified(die, function.name);
    }
    return function;
}
