// elf_file.h (naming): one ELF file on disk (64-bit, little-endian), read piece by piece: sections by name, build ID, symbol tables.
//
// The file may be damaged, and may be written to, truncated or replaced at any moment. So it is never mapped: a read past the end would
// raise SIGBUS, and checked bytes could change. Requested bytes are copied instead. No descriptor is kept: symbolizing takes a while, in
// which the program may fork, or close all descriptors and reuse their numbers. The file is reopened for each read; if it is no longer the
// same file, or was written to, the read fails.
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
    const uint8_t *bytes; // the caller's buffer; NULL: read from the file
    const char *path;
    struct elf_file_version version;
    size_t size; // 0: not open
    struct dwarf_bytes sections, segments, section_names;
    const uint8_t *build_id;
    size_t build_id_bytes;
    struct symbolizer_arena *memory;
};

// Returns false, and leaves it closed, if there is no such file, it is not such an ELF file, its header is damaged, or memory runs out.
bool elf_file_open(struct elf_file *file, const char *path, struct symbolizer_arena *memory);
// The same of the caller's bytes. For tests and fuzzers: a sanitizer sees a read past their end, which a copy would hide.
bool elf_file_use(struct elf_file *file, const uint8_t *bytes, size_t size, struct symbolizer_arena *memory);
void elf_file_close(struct elf_file *file); // also if not open

// Returns false if there is no such section.
bool elf_file_section_at(const struct elf_file *file, size_t index, Elf64_Shdr *header);
bool elf_file_section(const struct elf_file *file, const char *name, Elf64_Shdr *header);
bool elf_file_segment_at(const struct elf_file *file, size_t index, Elf64_Phdr *segment);
// Bytes of a segment or section as stored in the file. Empty if the file is shorter or has changed, or memory runs out. They live as long
// as the arena.
struct dwarf_bytes elf_file_bytes(const struct elf_file *file, uint64_t offset, uint64_t size);
void elf_file_drop(const struct elf_file *file, struct dwarf_bytes bytes); // releases bytes exactly as elf_file_bytes returned them
// The same into the caller's buffer. Returns false where elf_file_bytes returns nothing.
bool elf_file_read(const struct elf_file *file, uint64_t offset, void *to, size_t size);

// Returns the length; 0 if there is no build ID.
size_t elf_file_build_id(const struct elf_file *file, const uint8_t **id);
bool elf_file_build_id_is(const struct elf_file *file, const char *hex); // "" matches a file without one

#endif
