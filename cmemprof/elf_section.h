// elf_section.h: what is in a section of debug data, inflated where it is compressed (SHF_COMPRESSED with zlib, or .zdebug_).
//
// A section is read when it is first asked for: whole, or of one that is not compressed only the unit.
// A compressed section that is asked for whole is inflated into memory. Of the two large ones only some units are asked for, so they are
// inflated through a window: the first time from one end to the other, as only then the checksum says whether all is well; on the way
// places are noted from where to go on, so that another unit takes a fraction of it.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h. Not more than a deflate stream of that size can hold is ever taken.
#ifndef CMEMPROF_ELF_SECTION_H
#define CMEMPROF_ELF_SECTION_H

#include "namespace.h"
#include "elf_file.h"

struct elf_section {
    struct symbolizer_arena *memory;
    const struct elf_file *file; // must stay where it is
    uint64_t stored_at, stored_bytes;
    struct dwarf_bytes stored; // as it lies in the file; NULL: not read yet
    uint64_t size;             // inflated; 0: there is no such section, or it cannot be read
    bool is_compressed;
    const uint8_t *bytes; // all, inflated; NULL: not asked for yet
    struct elf_section_points *points;
    uint64_t inflated_bytes; // in all, for tests and measurements
};

// name: ".debug_info".
struct elf_section elf_section_open(const struct elf_file *file, const char *name);

// All of it. Empty: there is none, damaged, or no memory.
struct dwarf_bytes elf_section_all(struct elf_section *section);
// What begins at the offset with its own length, as units and line number programs do; with that length. Empty: as above.
struct dwarf_bytes elf_section_unit(struct elf_section *section, uint64_t offset);

// Some bytes of it, as a section by itself; one that is compressed is inflated for it, whole. Its size is 0 if they are not all there.
struct elf_section elf_section_part(struct elf_section *section, uint64_t offset, uint64_t size);

#endif
