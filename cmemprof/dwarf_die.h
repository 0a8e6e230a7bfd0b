// dwarf_die.h: an entry of debug data ("debugging information entry"): its attributes, what it refers to, the addresses it covers.
//
// Threads: guarded by the caller. Memory: none of its own; what it refers to in another unit has that unit read.
#ifndef CMEMPROF_DWARF_DIE_H
#define CMEMPROF_DWARF_DIE_H

#include "namespace.h"
#include "dwarf_unit.h"

struct dwarf_die {
    struct dwarf_unit *unit;
    const struct dwarf_abbrev *abbrev;
    const uint8_t *entry, *values; // where it begins, and its attributes' values
};

// False: the end of a list of siblings (then *next is behind it), or damaged (then *next is NULL).
bool dwarf_die_read(struct dwarf_unit *unit, const uint8_t *at, struct dwarf_die *die, const uint8_t **next);
bool dwarf_die_root(struct dwarf_unit *unit, struct dwarf_die *die);

// Behind its attributes: its first child, if it has children. NULL: damaged.
const uint8_t *dwarf_die_inside(const struct dwarf_die *die);
// Behind its children, too. Always further on than the entry. NULL: damaged.
const uint8_t *dwarf_die_behind(const struct dwarf_die *die);

struct dwarf_value {
    struct dwarf_unit *unit; // of the attribute
    unsigned form;
    uint64_t number;
    const char *text; // of a text in place
};

bool dwarf_die_attribute(const struct dwarf_die *die, unsigned name, struct dwarf_value *value);
// Of the entry, or of that which it is an instance or the definition of.
bool dwarf_die_inherited(const struct dwarf_die *die, unsigned name, struct dwarf_value *value);
// What the entry is an instance or the definition of, to the end: where it is declared.
struct dwarf_die dwarf_die_origin(const struct dwarf_die *die);

const char *dwarf_value_text(const struct dwarf_value *value); // "": none
bool dwarf_value_address(const struct dwarf_value *value, uint64_t *address);

// The ranges of addresses of an entry, one after the other.
struct dwarf_ranges {
    const struct dwarf_unit *unit;
    enum { DWARF_RANGES_NONE, DWARF_RANGES_ONE, DWARF_RANGES_OLD, DWARF_RANGES_NEW } kind;
    struct dwarf_bytes list;
    uint64_t base, low, high;
};
struct dwarf_ranges dwarf_ranges_of(const struct dwarf_die *die);
bool dwarf_ranges_next(struct dwarf_ranges *ranges, uint64_t *low, uint64_t *high); // false: no more

// What the first entry says of the unit. False: damaged.
bool dwarf_die_learn_unit(struct dwarf_unit *unit);

#endif
