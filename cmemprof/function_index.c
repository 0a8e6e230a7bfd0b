// function_index.c (naming): see function_index.h.

#include "function_index.h"

#include <string.h>

#include "address_order.h"
#include "dwarf_names.h"

struct function {
    uint64_t low, high; // low comes first: address_order.h
    const uint8_t *entry;
};

// An entry whose children may need its name. In unit order, so that enclosing ones come first.
struct holder {
    const uint8_t *entry, *behind;
    size_t around; // index + 1; 0: the unit itself
};

struct function_index {
    struct dwarf_unit *unit;
    struct function *functions; // by low, then in unit order
    size_t count, capacity;
    struct holder *holders;
    size_t holder_count, holder_capacity;
    size_t ranges_left; // to look at
    bool deep, no_memory;
};

// Nested namespaces and classes; damaged data may nest deeper.
enum { MAX_DEPTH = 64 };
// Ranges of all functions of a unit, or of all scopes examined for an address. Damaged data may have an endless list for each entry.
enum { MAX_RANGES = 1 << 20 };

// ---- The walk ----

static void *reserve_one(struct function_index *index, void *items, size_t count, size_t *capacity, size_t item_bytes) {
    if (count < *capacity) {
        return items;
    }
    size_t more = *capacity == 0 ? 64 : *capacity * 2;
    void *larger = symbolizer_arena_grow(index->unit->file->memory, items, count * item_bytes, more * item_bytes);
    if (!larger) {
        index->no_memory = true;
        return NULL;
    }
    *capacity = more;
    return larger;
}

static void add(struct function_index *index, const struct dwarf_die *die, uint64_t low, uint64_t high) {
    struct function *functions = reserve_one(index, index->functions, index->count, &index->capacity, sizeof *functions);
    if (functions) {
        index->functions = functions;
        index->functions[index->count++] = (struct function){low, high, die->entry};
    }
}

// One part may lie elsewhere (".cold"). Linkers leave discarded code at 0.
static void add_ranges(struct function_index *index, const struct dwarf_die *die) {
    struct dwarf_ranges ranges = dwarf_ranges_of(die);
    uint64_t low, high;
    for (; index->ranges_left > 0 && dwarf_ranges_next(&ranges, &low, &high); index->ranges_left--) {
        if (low != 0 && low < high) {
            add(index, die, low, high);
        }
    }
}

// Returns its index + 1, or 0 if memory runs out.
static size_t add_holder(struct function_index *index, const uint8_t *entry, size_t around) {
    struct holder *holders = reserve_one(index, index->holders, index->holder_count, &index->holder_capacity, sizeof *holders);
    if (!holders) {
        return 0;
    }
    index->holders = holders;
    index->holders[index->holder_count] = (struct holder){entry, entry, around};
    return ++index->holder_count;
}

bool function_index_is_scope(unsigned tag) {
    return tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block ||
           tag == DW_TAG_with_stmt;
}

static bool is_holder(unsigned tag) {
    switch (tag) {
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_interface_type:
        return true;
    default:
        return false;
    }
}

static bool may_hold_functions(const struct function_index *index, unsigned tag) {
    return is_holder(tag) || (index->deep && (tag == DW_TAG_subprogram || function_index_is_scope(tag)));
}

static const uint8_t *walk(struct function_index *index, const uint8_t *at, size_t around, int depth);

// Returns the byte after the entry, or NULL on damaged data.
static const uint8_t *walk_entry(struct function_index *index, const struct dwarf_die *die, size_t around, int depth) {
    unsigned tag = die->abbrev->tag;
    if (tag == DW_TAG_subprogram) {
        add_ranges(index, die);
    }
    if (!die->abbrev->has_children) {
        return dwarf_die_first_child(die);
    }
    size_t holder = is_holder(tag) || tag == DW_TAG_subprogram ? add_holder(index, die->entry, around) : 0;
    const uint8_t *inside = may_hold_functions(index, tag) && depth < MAX_DEPTH ? dwarf_die_first_child(die) : NULL;
    const uint8_t *behind = inside ? walk(index, inside, holder != 0 ? holder : around, depth + 1) : dwarf_die_end(die);
    if (holder != 0) {
        index->holders[holder - 1].behind = behind ? behind : index->unit->end;
    }
    return behind;
}

// Walks siblings, always forward. Returns the byte after the last one.
static const uint8_t *walk(struct function_index *index, const uint8_t *at, size_t around, int depth) {
    struct dwarf_die die;
    const uint8_t *next = NULL;
    while (at && !index->no_memory && dwarf_die_read(index->unit, at, &die, &next)) {
        at = walk_entry(index, &die, around, depth);
        next = NULL;
    }
    return next;
}

static void fill(struct function_index *index) {
    struct dwarf_die root;
    index->count = index->holder_count = 0;
    index->ranges_left = MAX_RANGES;
    if (dwarf_die_root(index->unit, &root) && root.abbrev->has_children) {
        walk(index, dwarf_die_first_child(&root), 0, 0);
        index->no_memory |= !address_sort(index->unit->file->memory, index->functions, index->count, sizeof *index->functions);
    }
}

struct function_index *function_index_of(struct dwarf_unit *unit) {
    if (!unit->looked_for_functions) {
        unit->looked_for_functions = true;
        struct function_index *index = symbolizer_arena_alloc(unit->file->memory, sizeof *index);
        if (index) {
            *index = (struct function_index){.unit = unit};
            fill(index);
            unit->functions = index->no_memory ? NULL : index;
        }
    }
    return unit->functions;
}

// ---- Looking up ----

static const struct function *function_at(const struct function_index *index, uint64_t address) {
    size_t end = address_upper_bound(index->functions, index->count, sizeof *index->functions, address);
    const struct function *found = NULL;
    for (size_t i = end; i-- > 0 && index->functions[i].low == index->functions[end - 1].low;) {
        if (address < index->functions[i].high) {
            found = &index->functions[i]; // the first of several that were folded
        }
    }
    return found;
}

static bool has_address(const struct dwarf_die *scope, uint64_t address, size_t *ranges_left) {
    struct dwarf_ranges ranges = dwarf_ranges_of(scope);
    uint64_t low, high;
    for (; *ranges_left > 0 && dwarf_ranges_next(&ranges, &low, &high); --*ranges_left) {
        if (low <= address && address < high) {
            return true;
        }
    }
    return false;
}

// Finds the direct child scope that contains the address.
static bool enter(const struct dwarf_die *scope, uint64_t address, struct dwarf_die *inner, size_t *ranges_left) {
    const uint8_t *at = scope->abbrev->has_children ? dwarf_die_first_child(scope) : NULL, *next;
    while (at && dwarf_die_read(scope->unit, at, inner, &next)) {
        if (function_index_is_scope(inner->abbrev->tag) && has_address(inner, address, ranges_left)) {
            return true;
        }
        at = dwarf_die_end(inner);
    }
    return false;
}

size_t function_index_scopes(struct function_index *index, uint64_t address, struct dwarf_die *scopes, size_t max) {
    const struct function *function = function_at(index, address);
    if (!function && !index->deep && !index->no_memory) { // a nested function
        index->deep = true;
        fill(index);
        function = function_at(index, address);
    }
    struct dwarf_die scope, inner;
    const uint8_t *next;
    if (!function || index->no_memory || !dwarf_die_read(index->unit, function->entry, &scope, &next)) {
        return 0;
    }
    size_t count = 0, ranges_left = MAX_RANGES;
    for (bool more = true; more; scope = inner) {
        if (count == max) { // drops the outermost lexical blocks, which are rarely functions
            memmove(scopes + 1, scopes, (max - 1) * sizeof *scopes);
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

bool function_index_at(const struct function_index *index, size_t i, uint64_t *low, uint64_t *high, struct dwarf_die *function) {
    const uint8_t *next;
    if (i >= index->count || !dwarf_die_read(index->unit, index->functions[i].entry, function, &next)) {
        return false;
    }
    *low = index->functions[i].low;
    *high = index->functions[i].high;
    return true;
}

bool function_index_is_deep(const struct function_index *index) {
    return index->deep;
}

// ---- Parents ----

// The innermost holder that contains the entry: the last one that begins before it, or one that encloses that.
static const struct holder *holder_of(const struct function_index *index, const uint8_t *entry) {
    size_t low = 0, high = index->holder_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->holders[middle].entry < entry) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    while (low > 0 && index->holders[low - 1].behind <= entry) {
        low = index->holders[low - 1].around;
    }
    return low > 0 ? &index->holders[low - 1] : NULL;
}

// Functions' contents were not indexed: descends from there. *parent becomes the holder or function found, if any.
static void descend(const uint8_t *at, const uint8_t *entry, struct dwarf_die *parent) {
    struct dwarf_die die;
    const uint8_t *next;
    for (int depth = 0; depth < MAX_DEPTH;) {
        if (!at || at >= entry || !dwarf_die_read(parent->unit, at, &die, &next)) {
            return;
        }
        const uint8_t *behind = dwarf_die_end(&die);
        if (!behind || behind > entry) {
            *parent = is_holder(die.abbrev->tag) || die.abbrev->tag == DW_TAG_subprogram ? die : *parent;
            at = die.abbrev->has_children ? dwarf_die_first_child(&die) : NULL;
            depth++;
        } else {
            at = behind;
        }
    }
}

bool function_index_parent(struct function_index *index, const struct dwarf_die *die, struct dwarf_die *parent) {
    const struct holder *holder = holder_of(index, die->entry);
    const uint8_t *next;
    if (!holder || !dwarf_die_read(index->unit, holder->entry, parent, &next)) {
        return false;
    }
    if (!is_holder(parent->abbrev->tag)) {
        descend(dwarf_die_first_child(parent), die->entry, parent);
    }
    return true;
}
