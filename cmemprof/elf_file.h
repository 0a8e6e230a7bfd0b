// elf_file.h: one ELF file on disk (64 bits, little-endian), read piece by piece: sections by name, the build ID, and the symbol table.
//
// The file may be damaged, and it may be written to, cut or replaced at any moment. So nothing of it is mapped, where reading behind its
// end would end the program (SIGBUS) and what was checked could change; what is asked for is copied. No descriptor is kept: naming takes a
// while, in which the program may fork, or close all descriptors and open others in their place. It is opened for each piece; if it is not
// the very file any more, or was written to, there is no such piece.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h.
#ifndef CMEMPROF_ELF_FILE_H
#define CMEMPROF_ELF_FILE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "namespace.h"
#include "dwarf_bytes.h"
#include "symbolizer_arena.h"

struct elf_file_version {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec written;
};

struct elf_file {
    const uint8_t *bytes; // the caller's; NULL: in the file
    const char *path;
    struct elf_file_version version;
    size_t size; // 0: not open
    struct dwarf_bytes sections, segments, section_names;
    const uint8_t *build_id;
    size_t build_id_bytes;
    struct symbolizer_arena *memory;
};

// False: no such file, not such a file, damaged at its head, or no memory; then it is not open.
bool elf_file_open(struct elf_file *file, const char *path, struct symbolizer_arena *memory);
bool elf_file_use(struct elf_file *file, const uint8_t *bytes, size_t size, struct symbolizer_arena *memory); // of the caller's
void elf_file_close(struct elf_file *file); // of one that is not open, too

// False: there is no such section.
bool elf_file_section_at(const struct elf_file *file, size_t index, Elf64_Shdr *header);
bool elf_file_section(const struct elf_file *file, const char *name, Elf64_Shdr *header);
bool elf_file_segment_at(const struct elf_file *file, size_t index, Elf64_Phdr *segment);
// Of a segment or a section, as it lies in the file; empty if that ends before or has changed, or no memory. They live as long as the
// memory.
struct dwarf_bytes elf_file_bytes(const struct elf_file *file, uint64_t offset, uint64_t size);
void elf_file_drop(const struct elf_file *file, struct dwarf_bytes bytes); // what is not needed any more, as it was given
// The same into the caller's. False: as empty.
bool elf_file_read(const struct elf_file *file, uint64_t offset, void *to, size_t size);

// Its length; 0: there is none.
size_t elf_file_build_id(const struct elf_file *file, const uint8_t **id);
bool elf_file_build_id_is(const struct elf_file *file, const char *hex); // "": none

#endif
