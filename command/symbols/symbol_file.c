// symbol_file.c: reads ELF headers (symbol_file.h).
#include "symbol_file.h"

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// A file may have a thousand headers that name the same notes: all that are read of one file are bounded, too (elf_file.c).
enum { MAX_HEADERS = 1024, MAX_NOTES_BYTES = 64 << 10, MAX_ALL_NOTES_BYTES = 1 << 20, PAGE_BYTES = 4096 };

static bool read_at(int descriptor, void *bytes, size_t size, uint64_t offset) {
    return offset <= INT64_MAX && pread(descriptor, bytes, size, (off_t)offset) == (ssize_t)size;
}

static size_t align4(size_t size) {
    return (size + 3) & ~(size_t)3;
}

static void set_build_id(struct symbol_file *file, const uint8_t *id, size_t size) {
    size = size < SYMBOL_FILE_BUILD_ID_BYTES ? size : SYMBOL_FILE_BUILD_ID_BYTES;
    for (size_t i = 0; i < size; i++) {
        snprintf(file->build_id + 2 * i, 3, "%02x", id[i]);
    }
}

static void read_notes(struct symbol_file *file, const uint8_t *notes, size_t size) {
    Elf64_Nhdr note;
    while (size >= sizeof note) {
        memcpy(&note, notes, sizeof note);
        size_t name = align4(note.n_namesz), description = align4(note.n_descsz);
        if (note.n_namesz > size || note.n_descsz > size || sizeof note + name + description > size) {
            return;
        }
        const uint8_t *content = notes + sizeof note;
        if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof ELF_NOTE_GNU && memcmp(content, ELF_NOTE_GNU, note.n_namesz) == 0) {
            set_build_id(file, content + name, note.n_descsz);
            return;
        }
        notes = content + name + description;
        size -= sizeof note + name + description;
    }
}

static void take_notes(int descriptor, struct symbol_file *file, uint64_t offset, uint64_t size, size_t *left) {
    uint8_t notes[MAX_NOTES_BYTES];
    size = size < sizeof notes ? size : sizeof notes;
    if (file->build_id[0] != '\0' || size > *left) {
        return;
    }
    *left -= size;
    if (read_at(descriptor, notes, size, offset)) {
        read_notes(file, notes, size);
    }
}

static void take_segment(int descriptor, struct symbol_file *file, const Elf64_Phdr *segment, size_t *left) {
    if (segment->p_type == PT_NOTE) {
        take_notes(descriptor, file, segment->p_offset, segment->p_filesz, left);
    } else if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0 && file->code_count < SYMBOL_FILE_SEGMENTS) {
        file->code[file->code_count++] = (struct symbol_segment){segment->p_vaddr, segment->p_offset, segment->p_filesz, segment->p_memsz};
    }
}

// In a debug file the offsets of program headers are meaningless, so notes are found by section.
static void take_note_sections(int descriptor, struct symbol_file *file, const Elf64_Ehdr *header, size_t *left) {
    for (size_t i = 0; i < header->e_shnum && i < MAX_HEADERS && file->build_id[0] == '\0'; i++) {
        Elf64_Shdr section;
        if (!read_at(descriptor, &section, sizeof section, header->e_shoff + i * sizeof section)) {
            return;
        }
        if (section.sh_type == SHT_NOTE) {
            take_notes(descriptor, file, section.sh_offset, section.sh_size, left);
        }
    }
}

static bool read_headers(int descriptor, struct symbol_file *file) {
    Elf64_Ehdr header;
    size_t left = MAX_ALL_NOTES_BYTES;
    if (!read_at(descriptor, &header, sizeof header, 0) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
        return false;
    }
    if (header.e_shentsize == sizeof(Elf64_Shdr)) {
        take_note_sections(descriptor, file, &header, &left);
    }
    for (size_t i = 0; i < header.e_phnum && i < MAX_HEADERS && header.e_phentsize == sizeof(Elf64_Phdr); i++) {
        Elf64_Phdr segment;
        if (!read_at(descriptor, &segment, sizeof segment, header.e_phoff + i * sizeof segment)) {
            break;
        }
        take_segment(descriptor, file, &segment, &left);
    }
    return true;
}

int symbol_file_open(const char *path) {
    struct stat about;
    // Non-blocking: it may have become a named pipe meanwhile.
    return stat(path, &about) == 0 && S_ISREG(about.st_mode) ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
}

bool symbol_file_read(const char *path, struct symbol_file *file) {
    *file = (struct symbol_file){0};
    int descriptor = symbol_file_open(path);
    bool ok = descriptor >= 0 && read_headers(descriptor, file);
    if (descriptor >= 0) {
        close(descriptor);
    }
    return ok;
}

bool symbol_file_has_code(const char *path) {
    Elf64_Ehdr header;
    Elf64_Shdr section;
    int descriptor = symbol_file_open(path);
    bool found = false;
    if (descriptor >= 0 && read_at(descriptor, &header, sizeof header, 0) && header.e_shentsize == sizeof section) {
        for (size_t i = 0; i < header.e_shnum && i < MAX_HEADERS && !found; i++) {
            found = read_at(descriptor, &section, sizeof section, header.e_shoff + i * sizeof section) && section.sh_type == SHT_PROGBITS &&
                    (section.sh_flags & SHF_EXECINSTR) != 0;
        }
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
    return found;
}

static uint64_t page(uint64_t address) {
    return address & ~(uint64_t)(PAGE_BYTES - 1);
}

bool symbol_file_bias(const struct symbol_file *file, uint64_t mapping_start, uint64_t mapping_offset, uint64_t *bias) {
    for (size_t i = 0; i < file->code_count; i++) {
        const struct symbol_segment *segment = &file->code[i];
        uint64_t first = page(segment->offset), end = segment->offset + segment->file_size;
        // A debug file's segments have no bytes and a meaningless offset.
        if (segment->file_size > 0 && mapping_offset >= first && mapping_offset < end) {
            *bias = mapping_start - (page(segment->address) + mapping_offset - first);
            return true;
        }
    }
    if (file->code_count == 1 && file->code[0].file_size == 0) {
        *bias = mapping_start - page(file->code[0].address);
        return true;
    }
    return false;
}
