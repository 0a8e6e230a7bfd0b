// dwarf_addresses.h (naming): maps an address to its compilation unit.
//
// Uses .debug_aranges, which gcc writes and clang does not. At the first address it lacks, reads the ranges of all units, too.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h.
#ifndef CMEMPROF_DWARF_ADDRESSES_H
#define CMEMPROF_DWARF_ADDRESSES_H

#include "namespace.h"
#include "dwarf_unit.h"

struct dwarf_addresses {
    struct dwarf_file *file;
    struct dwarf_address_range {
        uint64_t low, high, unit; // low comes first: address_order.h
    } * ranges;
    size_t count, capacity;
    bool read_table, read_units;
};

// The range that contains the address: the one that begins last. Returns NULL if there is none.
const struct dwarf_address_range *dwarf_addresses_range(const struct dwarf_address_range *ranges, size_t count, uint64_t address);

// Returns NULL if no readable unit contains the address.
struct dwarf_unit *dwarf_addresses_find(struct dwarf_addresses *addresses, uint64_t address);

#endif
