// elf_file.c: see elf_file.h.

#include "elf_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct dwarf_bytes elf_file_bytes(const struct elf_file *file, uint64_t offset, uint64_t size) {
    bool there = offset <= file->size && size <= file->size - offset;
    const uint8_t *at = file->bytes + (there ? offset : 0);
    return (struct dwarf_bytes){at, at + (there ? size : 0), false};
}

// ---- Opening ----

static bool read_head(struct elf_file *file) {
    Elf64_Ehdr head;
    Elf64_Shdr section;
    if (file->size < sizeof head) {
        return false;
    }
    memcpy(&head, file->bytes, sizeof head);
    if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_ident[EI_DATA] != ELFDATA2LSB) {
        return false;
    }
    file->sections_at = head.e_shoff;
    file->section_count = head.e_shentsize == sizeof section && head.e_shoff != 0 ? head.e_shnum : 0;
    size_t names = head.e_shstrndx;
    if (head.e_shentsize == sizeof section && head.e_shoff != 0 && (head.e_shnum == 0 || names == SHN_XINDEX)) { // too many for the head
        file->section_count = 1;
        if (!elf_file_section_at(file, 0, &section)) {
            file->section_count = 0;
            return true;
        }
        file->section_count = head.e_shnum == 0 ? section.sh_size : head.e_shnum;
        names = names == SHN_XINDEX ? section.sh_link : names;
    }
    if (elf_file_section_at(file, names, &section)) {
        file->section_names = elf_file_bytes(file, section.sh_offset, section.sh_size);
    }
    return true;
}

bool elf_file_use(struct elf_file *file, const uint8_t *bytes, size_t size, struct naming_memory *memory) {
    *file = (struct elf_file){.bytes = bytes, .size = size, .memory = memory, .section_names = {bytes, bytes, false}};
    if (!read_head(file)) {
        *file = (struct elf_file){0};
        return false;
    }
    return true;
}

bool elf_file_open(struct elf_file *file, const char *path, struct naming_memory *memory) {
    *file = (struct elf_file){0};
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a pipe in its place would wait for a writer
    if (descriptor < 0) {
        return false;
    }
    struct stat status;
    bool regular = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
    const uint8_t *bytes = regular ? naming_memory_map_file(memory, descriptor, (size_t)status.st_size) : NULL;
    close(descriptor);
    if (bytes == NULL) {
        return false;
    }
    if (!elf_file_use(file, bytes, (size_t)status.st_size, memory)) {
        naming_memory_unmap_file(memory, bytes, (size_t)status.st_size);
        return false;
    }
    file->is_mapped = true;
    return true;
}

void elf_file_close(struct elf_file *file) {
    if (file->is_mapped) {
        naming_memory_unmap_file(file->memory, file->bytes, file->size);
    }
    *file = (struct elf_file){0};
}

// ---- Sections and segments ----

bool elf_file_section_at(const struct elf_file *file, size_t index, Elf64_Shdr *header) {
    if (index >= file->section_count || file->sections_at > file->size || index >= (file->size - file->sections_at) / sizeof *header) {
        return false;
    }
    memcpy(header, file->bytes + file->sections_at + index * sizeof *header, sizeof *header);
    return true;
}

static bool has_name(const struct elf_file *file, const Elf64_Shdr *header, const char *name) {
    size_t size = strlen(name) + 1, names = dwarf_bytes_left(&file->section_names);
    return header->sh_name <= names && size <= names - header->sh_name && memcmp(file->section_names.at + header->sh_name, name, size) == 0;
}

bool elf_file_section(const struct elf_file *file, const char *name, Elf64_Shdr *header) {
    for (size_t i = 1; elf_file_section_at(file, i, header); i++) {
        if (has_name(file, header, name) && header->sh_type != SHT_NOBITS) {
            return true;
        }
    }
    return false;
}

bool elf_file_segment_at(const struct elf_file *file, size_t index, Elf64_Phdr *segment) {
    Elf64_Ehdr head;
    memcpy(&head, file->bytes, sizeof head);
    if (index >= head.e_phnum || head.e_phentsize != sizeof *segment || head.e_phoff > file->size ||
        index >= (file->size - head.e_phoff) / sizeof *segment) {
        return false;
    }
    memcpy(segment, file->bytes + head.e_phoff + index * sizeof *segment, sizeof *segment);
    return true;
}

// ---- Build ID ----

// Notes: sizes of name and value, kind, name, value, each of the two filled up to the alignment.
static size_t build_id_in(struct dwarf_bytes notes, uint64_t alignment, const uint8_t **id) {
    uint64_t fill = alignment == 8 ? 7 : 3;
    while (dwarf_bytes_left(&notes) >= 12) {
        uint64_t name_size = dwarf_fixed(&notes, 4), size = dwarf_fixed(&notes, 4), kind = dwarf_fixed(&notes, 4);
        struct dwarf_bytes name = notes;
        dwarf_skip(&notes, (name_size + fill) & ~fill);
        const uint8_t *value = notes.at;
        if (notes.bad || size > dwarf_bytes_left(&notes)) {
            return 0;
        }
        if (kind == NT_GNU_BUILD_ID && name_size == 4 && memcmp(name.at, "GNU", 4) == 0) {
            *id = value;
            return size;
        }
        uint64_t filled = (size + fill) & ~fill;
        dwarf_skip(&notes, filled < dwarf_bytes_left(&notes) ? filled : dwarf_bytes_left(&notes));
    }
    return 0;
}

// As libelf: of the program's segments; a file without them, or a debug file whose segments are empty, has sections.
size_t elf_file_build_id(const struct elf_file *file, const uint8_t **id) {
    Elf64_Phdr segment;
    Elf64_Shdr section;
    size_t size = 0;
    for (size_t i = 0; size == 0 && elf_file_segment_at(file, i, &segment); i++) {
        if (segment.p_type == PT_NOTE) {
            size = build_id_in(elf_file_bytes(file, segment.p_offset, segment.p_filesz), segment.p_align, id);
        }
    }
    for (size_t i = 1; size == 0 && elf_file_section_at(file, i, &section); i++) {
        if (section.sh_type == SHT_NOTE) {
            size = build_id_in(elf_file_bytes(file, section.sh_offset, section.sh_size), section.sh_addralign, id);
        }
    }
    return size;
}

bool elf_file_build_id_is(const struct elf_file *file, const char *hex) {
    static const char digits[] = "0123456789abcdef";
    const uint8_t *id;
    size_t size = elf_file_build_id(file, &id), length = strlen(hex);
    // What is longer than anyone's is cut where modules are read (MODULE_BUILD_ID_BYTES).
    if (size == 0 || length == 0 || length % 2 != 0 || length / 2 > size) {
        return size == 0 && length == 0;
    }
    for (size_t i = 0; i < length / 2; i++) {
        if (hex[2 * i] != digits[id[i] >> 4] || hex[2 * i + 1] != digits[id[i] & 15]) {
            return false;
        }
    }
    return length / 2 == size || length / 2 >= 64;
}
