// dwarf_addresses.h: which unit of debug data has an address.
//
// From .debug_aranges, which gcc writes and clang does not; at the first address that is not there, from every unit's own ranges, too.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h.
#ifndef CMEMPROF_DWARF_ADDRESSES_H
#define CMEMPROF_DWARF_ADDRESSES_H

#include "namespace.h"
#include "dwarf_unit.h"

struct dwarf_addresses {
    struct dwarf_file *file;
    struct dwarf_address_range {
        uint64_t low, high, unit; // low first: address_order.h
    } * ranges;
    size_t count, capacity;
    bool read_table, read_units;
};

// NULL: no unit that can be read has it.
struct dwarf_unit *dwarf_addresses_find(struct dwarf_addresses *addresses, uint64_t address);

#endif
