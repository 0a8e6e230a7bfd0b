// function_index.c: see function_index.h.

#include "function_index.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "by_address.h"

struct function {
    Dwarf_Addr low, high; // low first: by_address.h
    Dwarf_Die die;
};

struct function_index {
    Dwarf_Die unit;
    struct function *functions; // by low, then as they were written
    size_t count, room;
    const char *walked; // up to this entry of the unit
    size_t ranges_left; // to look at
    bool deep, no_memory;
};

// Namespaces in classes in namespaces; damaged data may have more.
enum { MAX_DEPTH = 64 };
// Ranges of all functions of a unit, or of all scopes that are looked at for an address. Damaged data may have a list for each entry that
// does not end where it should.
enum { MAX_RANGES = 1 << 20 };

// ---- The walk ----

static void add(struct function_index *index, const Dwarf_Die *die, Dwarf_Addr low, Dwarf_Addr high) {
    if (index->count == index->room) {
        size_t room = index->room == 0 ? 64 : index->room * 2;
        struct function *functions = realloc(index->functions, room * sizeof *functions);
        if (functions == NULL) {
            index->no_memory = true;
            return;
        }
        index->functions = functions;
        index->room = room;
    }
    index->functions[index->count++] = (struct function){low, high, *die};
}

// One part may lie elsewhere (".cold"). 0 is where linkers leave what they have dropped.
static void add_ranges(struct function_index *index, Dwarf_Die *die) {
    Dwarf_Addr base, low, high;
    for (ptrdiff_t at = 0; index->ranges_left > 0 && (at = dwarf_ranges(die, at, &base, &low, &high)) > 0; index->ranges_left--) {
        if (low != 0 && low < high) {
            add(index, die, low, high);
        }
    }
}

static bool is_scope(int tag) {
    return tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block ||
           tag == DW_TAG_with_stmt;
}

static bool may_hold_functions(const struct function_index *index, int tag) {
    switch (tag) {
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
        return true;
    default:
        return index->deep && (tag == DW_TAG_subprogram || is_scope(tag));
    }
}

static void walk(struct function_index *index, Dwarf_Die *parent, int depth) {
    Dwarf_Die die;
    if (depth == MAX_DEPTH || dwarf_child(parent, &die) != 0) {
        return;
    }
    do {
        if ((const char *)die.addr <= index->walked) {
            return; // damaged: it leads back, and each entry would be walked as often as there are ways to it
        }
        index->walked = die.addr;
        int tag = dwarf_tag(&die);
        if (tag == DW_TAG_subprogram) {
            add_ranges(index, &die);
        }
        if (may_hold_functions(index, tag)) {
            walk(index, &die, depth + 1);
        }
    } while (dwarf_siblingof(&die, &die) == 0);
}

static int by_low(const void *left, const void *right) {
    const struct function *a = left, *b = right;
    if (a->low != b->low) {
        return a->low < b->low ? -1 : 1;
    }
    return a->die.addr != b->die.addr ? ((const char *)a->die.addr < (const char *)b->die.addr ? -1 : 1) : 0;
}

static void fill(struct function_index *index) {
    index->count = 0;
    index->walked = NULL;
    index->ranges_left = MAX_RANGES;
    walk(index, &index->unit, 0);
    if (index->count > 0) {
        qsort(index->functions, index->count, sizeof *index->functions, by_low);
    }
}

struct function_index *function_index_new(const Dwarf_Die *unit) {
    struct function_index *index = calloc(1, sizeof *index);
    if (index != NULL) {
        index->unit = *unit;
        fill(index);
    }
    if (index != NULL && index->no_memory) {
        function_index_free(index);
        return NULL;
    }
    return index;
}

void function_index_free(struct function_index *index) {
    if (index != NULL) {
        free(index->functions);
        free(index);
    }
}

// ---- Looking up ----

static const struct function *function_at(const struct function_index *index, Dwarf_Addr address) {
    size_t end = by_address_count(index->functions, index->count, sizeof *index->functions, address);
    const struct function *found = NULL;
    for (size_t i = end; i-- > 0 && index->functions[i].low == index->functions[end - 1].low;) {
        if (address < index->functions[i].high) {
            found = &index->functions[i]; // of several that were folded into one, the first
        }
    }
    return found;
}

static bool has_address(Dwarf_Die *scope, Dwarf_Addr address, size_t *ranges_left) {
    Dwarf_Addr base, low, high;
    for (ptrdiff_t at = 0; *ranges_left > 0 && (at = dwarf_ranges(scope, at, &base, &low, &high)) > 0; --*ranges_left) {
        if (low <= address && address < high) {
            return true;
        }
    }
    return false;
}

// The scope directly inside that has the address.
static bool enter(Dwarf_Die *scope, Dwarf_Addr address, Dwarf_Die *inner, size_t *ranges_left) {
    if (dwarf_child(scope, inner) != 0) {
        return false;
    }
    do {
        if (is_scope(dwarf_tag(inner)) && has_address(inner, address, ranges_left)) {
            return true;
        }
    } while (dwarf_siblingof(inner, inner) == 0);
    return false;
}

size_t function_index_scopes(struct function_index *index, Dwarf_Addr address, Dwarf_Die *scopes, size_t most) {
    const struct function *function = function_at(index, address);
    if (function == NULL && !index->deep) { // a function in a function
        index->deep = true;
        fill(index);
        function = function_at(index, address);
    }
    if (function == NULL) {
        return 0;
    }
    size_t count = 0, ranges_left = MAX_RANGES;
    Dwarf_Die scope = function->die, inner;
    for (bool more = true; more; scope = inner) {
        if (count == most) { // the outermost blocks go, which are seldom functions
            memmove(scopes + 1, scopes, (most - 1) * sizeof *scopes);
            count--;
        } else {
            memmove(scopes + 1, scopes, count * sizeof *scopes);
        }
        scopes[0] = scope;
        count++;
        more = enter(&scope, address, &inner, &ranges_left);
    }
    return count;
}
