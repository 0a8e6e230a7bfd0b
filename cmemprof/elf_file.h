// elf_file.h: one ELF file on disk (64 bits, little-endian), mapped: sections by name, the build ID, and the symbol table.
//
// The file may be damaged or be another one tomorrow: every offset is checked against its size as it was opened. Closed again, no
// descriptor is kept: naming takes a while, in which the program may fork, or close all descriptors and open others in their place.
//
// Threads: guarded by the caller. Memory: naming_memory.h.
#ifndef CMEMPROF_ELF_FILE_H
#define CMEMPROF_ELF_FILE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "dwarf_bytes.h"
#include "naming_memory.h"

struct elf_file {
    const uint8_t *bytes; // NULL: not open
    size_t size;
    bool is_mapped; // else the caller's
    uint64_t sections_at;
    size_t section_count;
    struct dwarf_bytes section_names; // all of them
    struct naming_memory *memory;
};

// False: no such file, not such a file, damaged at its head, or no memory; then it is not open.
bool elf_file_open(struct elf_file *file, const char *path, struct naming_memory *memory);
bool elf_file_use(struct elf_file *file, const uint8_t *bytes, size_t size, struct naming_memory *memory); // of the caller's
void elf_file_close(struct elf_file *file);                                                                // of one that is not open, too

// False: there is no such section.
bool elf_file_section_at(const struct elf_file *file, size_t index, Elf64_Shdr *header);
bool elf_file_section(const struct elf_file *file, const char *name, Elf64_Shdr *header);
// Of a segment or a section, as it lies in the file; empty if that ends before.
struct dwarf_bytes elf_file_bytes(const struct elf_file *file, uint64_t offset, uint64_t size);
bool elf_file_segment_at(const struct elf_file *file, size_t index, Elf64_Phdr *segment);

// Its length; 0: there is none.
size_t elf_file_build_id(const struct elf_file *file, const uint8_t **id);
bool elf_file_build_id_is(const struct elf_file *file, const char *hex); // "": none

#endif
