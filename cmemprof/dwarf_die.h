// dwarf_die.h (naming): a debugging information entry: its attributes, references and address ranges.
//
// Threads: guarded by the caller. Memory: none of its own; following a reference may load another unit.
#ifndef CMEMPROF_DWARF_DIE_H
#define CMEMPROF_DWARF_DIE_H

#include "namespace.h"
#include "dwarf_unit.h"

struct dwarf_die {
    struct dwarf_unit *unit;
    const struct dwarf_abbrev *abbrev;
    const uint8_t *entry, *values; // start of the entry, and of its attribute values
};

// Returns false at the end of a sibling list (*next is after it) or on damaged data (*next is NULL).
bool dwarf_die_read(struct dwarf_unit *unit, const uint8_t *at, struct dwarf_die *die, const uint8_t **next);
bool dwarf_die_root(struct dwarf_unit *unit, struct dwarf_die *die);

// The first child of an entry that has children: the byte after its attributes. Returns NULL on damaged data.
const uint8_t *dwarf_die_first_child(const struct dwarf_die *die);
// The byte after the entry and its children, always past the entry's start. Returns NULL on damaged data.
const uint8_t *dwarf_die_end(const struct dwarf_die *die);

struct dwarf_value {
    struct dwarf_unit *unit; // of the attribute
    unsigned form;
    uint64_t number;
    const char *text; // of an inline string
};

bool dwarf_die_attribute(const struct dwarf_die *die, unsigned name, struct dwarf_value *value);
// Looks in the entry, then in its abstract origin or specification.
bool dwarf_die_inherited(const struct dwarf_die *die, unsigned name, struct dwarf_value *value);
// Replaces the entry by its abstract origin or specification. Returns false if it has none.
bool dwarf_die_next_origin(struct dwarf_die *die);
// Follows abstract origins and specifications to the declaration.
struct dwarf_die dwarf_die_origin(const struct dwarf_die *die);

const char *dwarf_value_text(const struct dwarf_value *value); // "": none
bool dwarf_value_address(const struct dwarf_value *value, uint64_t *address);

// Iterates over the address ranges of an entry.
struct dwarf_ranges {
    const struct dwarf_unit *unit;
    enum { DWARF_RANGES_NONE, DWARF_RANGES_ONE, DWARF_RANGES_OLD, DWARF_RANGES_NEW } kind;
    struct dwarf_bytes list;
    uint64_t base, low, high;
};
struct dwarf_ranges dwarf_ranges_of(const struct dwarf_die *die);
bool dwarf_ranges_next(struct dwarf_ranges *ranges, uint64_t *low, uint64_t *high); // returns false at the end

// Reads the attributes of the unit's root entry into the unit. Returns false on damaged data.
bool dwarf_die_read_unit_attributes(struct dwarf_unit *unit);

#endif
