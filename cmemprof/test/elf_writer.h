// elf_writer.h: for tests: builds an ELF file in memory around debug sections.
#ifndef CMEMPROF_TEST_ELF_WRITER_H
#define CMEMPROF_TEST_ELF_WRITER_H

#include "../../base/test/test.h"

#include <elf.h>

enum { ELF_WRITER_SECTIONS = 8 };

struct elf_writer {
    uint8_t *bytes;
    size_t size;
    Elf64_Shdr headers[ELF_WRITER_SECTIONS];
    size_t count; // of sections, including the null section
    char names[256];
    size_t names_size;
};

static inline struct elf_writer elf_writer_new(void) {
    struct elf_writer file = {.size = sizeof(Elf64_Ehdr), .count = 1, .names_size = 1};
    file.bytes = calloc(1, file.size);
    return file;
}

static inline void elf_writer_add(struct elf_writer *file, const char *name, Elf64_Word type, const void *bytes, size_t size) {
    size_t name_size = strlen(name) + 1;
    file->headers[file->count++] =
        (Elf64_Shdr){.sh_name = (Elf64_Word)file->names_size, .sh_type = type, .sh_offset = file->size, .sh_size = size, .sh_addralign = 1};
    memcpy(file->names + file->names_size, name, name_size);
    file->names_size += name_size;
    file->bytes = realloc(file->bytes, file->size + size + 1);
    memcpy(file->bytes + file->size, bytes, size);
    file->size += size;
}

// Nothing can be added afterwards.
static inline void elf_writer_finish(struct elf_writer *file) {
    static const char name[] = ".shstrtab";
    memcpy(file->names + file->names_size, name, sizeof name);
    elf_writer_add(file, name, SHT_STRTAB, file->names, file->names_size + sizeof name);
    size_t table = (file->size + 7) & ~(size_t)7;
    Elf64_Ehdr head = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                       .e_type = ET_DYN,
                       .e_machine = EM_X86_64,
                       .e_version = EV_CURRENT,
                       .e_shoff = table,
                       .e_ehsize = sizeof head,
                       .e_shentsize = sizeof *file->headers,
                       .e_shnum = (Elf64_Half)file->count,
                       .e_shstrndx = (Elf64_Half)(file->count - 1)};
    file->bytes = realloc(file->bytes, table + sizeof file->headers);
    memcpy(file->bytes, &head, sizeof head);
    memset(file->bytes + file->size, 0, table - file->size);
    memcpy(file->bytes + table, file->headers, sizeof file->headers);
    file->size = table + sizeof file->headers;
}

#endif
