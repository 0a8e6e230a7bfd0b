// dwarf_unit.h (naming): one unit of debug data (DWARF 2 to 5, 32 and 64 bits): its header, abbreviations and base offsets.
//
// A unit's bytes are the section's, or inflated from it. They live as long as the file, as do all strings.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h.
#ifndef CMEMPROF_DWARF_UNIT_H
#define CMEMPROF_DWARF_UNIT_H

#include "namespace.h"
#include "elf_section.h"

// Entries that may be read in one file. Damaged data may lead to the same entries again and again; SQLite's 400 busiest addresses take a
// hundredth of this.
#define DWARF_MAX_STEPS ((uint64_t)1 << 27)

// Of a unit, for its root entry: 40 bytes, but up to a hundred for each text that is in it itself.
enum { DWARF_PEEKED_BYTES = 1024 };

struct dwarf_sections {
    struct elf_section info, abbrev, str, line_str, line, str_offsets, addr, ranges, rnglists, aranges;
};

struct dwarf_file;

struct dwarf_abbrev {
    uint64_t code;
    uint32_t tag;
    uint32_t first_spec, spec_count;
    uint32_t fixed_specs; // those before the first one whose size in this unit varies
    int32_t fixed_bytes;  // of their values
    bool has_children;
};

struct dwarf_spec {
    uint16_t name, form; // 0: unknown
    int32_t offset;      // of the value; -1: varies
    int64_t constant;    // of DW_FORM_implicit_const
};

struct dwarf_unit {
    struct dwarf_file *file;
    struct dwarf_unit *next; // in file->units
    uint64_t offset;         // in .debug_info
    const uint8_t *begin, *entries, *end;
    unsigned version, type;
    size_t offset_bytes;
    uint64_t abbrev_offset, id; // id: of split data
    struct dwarf_abbrev *abbrevs;
    size_t abbrev_count, abbrev_capacity;
    struct dwarf_spec *specs;
    size_t spec_count, spec_capacity;
    bool codes_are_dense; // abbreviation i has code i + 1
    // Of the root entry:
    uint64_t low_pc, str_offsets_base, addr_base, rnglists_base, ranges_base, language, line_offset;
    bool has_lines;
    const char *directory;             // DW_AT_comp_dir, or ""
    const struct dwarf_unit *skeleton; // of split data: the unit that holds the addresses
    struct dwarf_unit *split;          // of a skeleton; NULL: not looked for, or absent
    struct function_index *functions;  // function_index.h
    struct line_table *lines;          // dwarf_lines.h
    bool looked_for_split, looked_for_functions, looked_for_lines;
    bool has_names; // some of its addresses were looked up
};

// Buffer for the qualified names of one address's frames.
struct dwarf_names {
    size_t used;
    char bytes[32 << 10];
};

struct dwarf_file {
    struct symbolizer_arena *memory;
    struct dwarf_sections sections;
    struct dwarf_file *supplementary; // dwz's file shared by several; NULL: none
    uint64_t steps_left;
    struct dwarf_unit *units; // those loaded, latest first
    struct dwarf_unit peeked; // see dwarf_unit_peek
    uint8_t peeked_head[DWARF_PEEKED_BYTES];
    struct dwarf_unit_range { // of all units, by offset; see dwarf_unit_containing
        uint64_t begin, end;
    } * unit_ranges;
    size_t unit_range_count;
    bool looked_for_unit_ranges;
    struct dwarf_names names;
};

void dwarf_file_open(struct dwarf_file *file, const struct elf_file *elf);
// For split data (.dwo), whose sections have other names.
void dwarf_file_open_split(struct dwarf_file *file, const struct elf_file *elf);

// The unit at the offset. Returns NULL if it cannot be read or memory runs out.
struct dwarf_unit *dwarf_unit_at(struct dwarf_file *file, uint64_t offset);
// Reads only the header and the root entry's abbreviation. Valid until the next call. Returns NULL if it cannot be read.
struct dwarf_unit *dwarf_unit_peek(struct dwarf_file *file, uint64_t offset);
// The unit that contains the entry at the offset.
struct dwarf_unit *dwarf_unit_containing(struct dwarf_file *file, uint64_t offset);
// The ranges of all units. The first call walks the section by their lengths. Returns NULL and 0 if there are none.
const struct dwarf_unit_range *dwarf_unit_ranges(struct dwarf_file *file, size_t *count);

const struct dwarf_abbrev *dwarf_unit_abbrev(const struct dwarf_unit *unit, uint64_t code); // returns NULL if there is none

#endif
