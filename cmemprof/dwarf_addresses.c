// dwarf_addresses.c (naming): see dwarf_addresses.h.

#include "dwarf_addresses.h"

#include "address_order.h"
#include "dwarf_die.h"
#include "dwarf_names.h"

// Ranges overlap where the linker folded identical functions.
enum { MAX_OVERLAPS = 8, MAX_RANGES = 1 << 22 };

// Linkers leave discarded code at 0.
static bool add(struct dwarf_addresses *addresses, uint64_t low, uint64_t high, uint64_t unit) {
    if (low == 0 || low >= high) {
        return true;
    }
    if (addresses->count == addresses->capacity) {
        size_t capacity = addresses->capacity == 0 ? 256 : addresses->capacity * 2;
        struct symbolizer_arena *memory = addresses->file->memory;
        void *ranges = capacity > MAX_RANGES
                           ? NULL
                           : symbolizer_arena_grow(memory, addresses->ranges, addresses->count * sizeof *addresses->ranges,
                                                   capacity * sizeof *addresses->ranges);
        if (!ranges) {
            return false;
        }
        addresses->ranges = ranges;
        addresses->capacity = capacity;
    }
    addresses->ranges[addresses->count++] = (struct dwarf_address_range){low, high, unit};
    return true;
}

static bool read_set(struct dwarf_addresses *addresses, struct dwarf_bytes bytes, const uint8_t *begin, size_t offset_bytes) {
    uint64_t version = dwarf_fixed(&bytes, 2), unit = dwarf_fixed(&bytes, offset_bytes);
    uint64_t address_bytes = dwarf_fixed(&bytes, 1), segment_bytes = dwarf_fixed(&bytes, 1);
    if (version != 2 || address_bytes != 8 || segment_bytes != 0) {
        return true;
    }
    dwarf_skip(&bytes, (16 - (uint64_t)(bytes.at - begin) % 16) % 16); // pairs are aligned to their size
    while (dwarf_bytes_left(&bytes) >= 16) {
        uint64_t low = dwarf_fixed(&bytes, 8), size = dwarf_fixed(&bytes, 8);
        if (!add(addresses, low, low + size, unit)) {
            return false;
        }
    }
    return true;
}

static void read_table(struct dwarf_addresses *addresses) {
    struct dwarf_bytes all = elf_section_all(&addresses->file->sections.aranges), set = all;
    size_t offset_bytes;
    for (const uint8_t *begin = set.at; dwarf_length(&set, &offset_bytes); begin = set.at) {
        if (!read_set(addresses, set, begin, offset_bytes)) {
            return;
        }
        set = (struct dwarf_bytes){set.end, all.end, false};
    }
}

static void read_units(struct dwarf_addresses *addresses) {
    size_t count;
    const struct dwarf_unit_range *unit_ranges = dwarf_unit_ranges(addresses->file, &count);
    for (size_t i = 0; i < count && addresses->file->steps_left > 0; i++) {
        struct dwarf_unit *unit = dwarf_unit_peek(addresses->file, unit_ranges[i].begin);
        struct dwarf_die root;
        uint64_t low, high;
        if (!unit || !dwarf_die_root(unit, &root)) {
            continue;
        }
        struct dwarf_ranges ranges = dwarf_ranges_of(&root);
        while (dwarf_ranges_next(&ranges, &low, &high)) {
            if (!add(addresses, low, high, unit_ranges[i].begin)) {
                return;
            }
        }
    }
}

const struct dwarf_address_range *dwarf_addresses_range(const struct dwarf_address_range *ranges, size_t count, uint64_t address) {
    size_t end = address_upper_bound(ranges, count, sizeof *ranges, address);
    for (size_t i = end; i-- > 0 && end - i <= MAX_OVERLAPS;) {
        if (address < ranges[i].high) {
            return &ranges[i];
        }
    }
    return NULL;
}

static struct dwarf_unit *look(struct dwarf_addresses *addresses, uint64_t address) {
    size_t end = address_upper_bound(addresses->ranges, addresses->count, sizeof *addresses->ranges, address);
    for (size_t i = end; i-- > 0 && end - i <= MAX_OVERLAPS;) {
        struct dwarf_unit *unit = address < addresses->ranges[i].high ? dwarf_unit_at(addresses->file, addresses->ranges[i].unit) : NULL;
        if (unit) {
            return unit;
        }
    }
    return NULL;
}

static void sort(struct dwarf_addresses *addresses) {
    if (!address_sort(addresses->file->memory, addresses->ranges, addresses->count, sizeof *addresses->ranges)) {
        addresses->count = 0;
    }
}

struct dwarf_unit *dwarf_addresses_find(struct dwarf_addresses *addresses, uint64_t address) {
    if (!addresses->read_table) {
        addresses->read_table = true;
        read_table(addresses);
        sort(addresses);
    }
    struct dwarf_unit *unit = look(addresses, address);
    if (!unit && !addresses->read_units) {
        addresses->read_units = true;
        read_units(addresses);
        sort(addresses);
        unit = look(addresses, address);
    }
    return unit;
}
