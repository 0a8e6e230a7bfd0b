// elf_section.h (naming): the contents of a debug section, inflated if compressed (SHF_COMPRESSED with zlib, or .zdebug_).
//
// A section is read when first asked for: whole, or, if not compressed, only the requested unit. A compressed section that is asked for
// whole is inflated into memory. Of the two large sections only some units are needed, so they are inflated through a window. The first
// pass covers the whole section, since only then the checksum can be verified; it records resume points, so that later units cost a
// fraction of a pass. They can be kept for when the file is opened again. What is stored compressed is read in small pieces.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h, never more than a deflate stream of that size can expand to.
#ifndef CMEMPROF_ELF_SECTION_H
#define CMEMPROF_ELF_SECTION_H

#include "namespace.h"
#include "elf_file.h"

struct elf_section {
    struct symbolizer_arena *memory;
    const struct elf_file *file;      // must not move
    uint64_t stored_at, stored_bytes; // in the file
    uint64_t size;                    // inflated; 0: absent or unreadable
    bool is_compressed;
    const uint8_t *bytes; // the whole section, inflated; NULL: not asked for yet
    struct elf_section_points *points;
    uint64_t inflated_bytes; // total, for tests and measurements
};

// name: ".debug_info".
struct elf_section elf_section_open(const struct elf_file *file, const char *name);

// The whole section. Empty if absent, damaged, or memory runs out.
struct dwarf_bytes elf_section_all(struct elf_section *section);
// The unit or line number program at the offset, with its initial length. Empty as above.
struct dwarf_bytes elf_section_unit(struct elf_section *section, uint64_t offset);
// The size of that, with its initial length; 0: there is none, or it does not fit. What is not compressed is not read but for the length.
uint64_t elf_section_unit_size(struct elf_section *section, uint64_t offset);
// Its first bytes, as many as fit `to`, which they are copied to if the section is not compressed. Empty as above.
struct dwarf_bytes elf_section_unit_head(struct elf_section *section, uint64_t offset, uint8_t *to, size_t size);
void elf_section_drop_unit(struct elf_section *section, struct dwarf_bytes unit); // as elf_section_unit returned it

// A copy of the resume points that outlives the file, in memory of merge/memory.h: 32 KiB for each half MiB of the section, 512 KiB at
// most. NULL: there are none, they take more than max_bytes, or memory runs out.
struct elf_section_points *elf_section_keep_points(const struct elf_section *section, size_t max_bytes);
void elf_section_free_points(struct elf_section_points *kept); // may be NULL
size_t elf_section_points_bytes(const struct elf_section_points *kept);
// Gives a section that was opened again a copy of its points. Nothing happens if its place, sizes or checksum are others, or memory runs
// out.
void elf_section_give_points(struct elf_section *section, const struct elf_section_points *kept);

// A range of the section as a section of its own; a compressed section is inflated whole for it. Its size is 0 if the range is not within
// the section.
struct elf_section elf_section_part(struct elf_section *section, uint64_t offset, uint64_t size);

#endif
