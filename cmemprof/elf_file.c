// elf_file.c (naming): see elf_file.h.

#include "elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Of all notes of a file. The build ID takes some 40 bytes, other notes some thousand.
enum { MAX_NOTE_BYTES = 1 << 20 };

// Not NULL, since readers do pointer arithmetic on it.
static const uint8_t no_bytes[1];
static const struct dwarf_bytes nothing = {no_bytes, no_bytes, false};

// ---- Reading ----

static struct elf_file_version version_of(const struct stat *status) {
    return (struct elf_file_version){status->st_dev, status->st_ino, status->st_size, status->st_mtim};
}

static bool is_version(const struct elf_file_version *a, const struct elf_file_version *b) {
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->written.tv_sec == b->written.tv_sec &&
           a->written.tv_nsec == b->written.tv_nsec;
}

// Non-blocking: a pipe in its place would wait for a writer.
static int open_path(const char *path) {
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static bool read_fully(int descriptor, uint64_t offset, uint8_t *to, size_t size) {
    for (size_t got = 0; got < size;) {
        ssize_t part = pread(descriptor, to + got, size - got, (off_t)(offset + got));
        if (part > 0) {
            got += (size_t)part;
        } else if (part == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

// Checked again after the read: the file may have been written to meanwhile.
static bool read_version(int descriptor, const struct elf_file_version *version, uint64_t offset, void *to, size_t size) {
    struct stat before, after;
    if (fstat(descriptor, &before) != 0) {
        return false;
    }
    struct elf_file_version now = version_of(&before);
    if (!is_version(&now, version) || !read_fully(descriptor, offset, to, size) || fstat(descriptor, &after) != 0) {
        return false;
    }
    now = version_of(&after);
    return is_version(&now, version);
}

static bool has(const struct elf_file *file, uint64_t offset, uint64_t size) {
    return offset <= file->size && size <= file->size - offset;
}

bool elf_file_read(const struct elf_file *file, uint64_t offset, void *to, size_t size) {
    if (!has(file, offset, size)) {
        return false;
    }
    if (file->bytes) {
        memcpy(to, file->bytes + offset, size);
        return true;
    }
    int descriptor = file->path ? open_path(file->path) : -1;
    if (descriptor < 0) {
        return false;
    }
    bool whole = read_version(descriptor, &file->version, offset, to, size);
    close(descriptor);
    return whole;
}

struct dwarf_bytes elf_file_bytes(const struct elf_file *file, uint64_t offset, uint64_t size) {
    if (size == 0 || !has(file, offset, size)) {
        return nothing;
    }
    if (file->bytes) {
        return (struct dwarf_bytes){file->bytes + offset, file->bytes + offset + size, false};
    }
    uint8_t *bytes = symbolizer_arena_alloc(file->memory, size);
    if (!bytes) {
        return nothing;
    }
    if (!elf_file_read(file, offset, bytes, size)) {
        symbolizer_arena_drop(file->memory, bytes, size);
        return nothing;
    }
    return (struct dwarf_bytes){bytes, bytes + size, false};
}

void elf_file_drop(const struct elf_file *file, struct dwarf_bytes bytes) {
    if (!file->bytes && bytes.at < bytes.end) {
        symbolizer_arena_drop(file->memory, (void *)bytes.at, dwarf_bytes_left(&bytes));
    }
}

// ---- Opening ----

// Clamps the count to what the file can hold.
static struct dwarf_bytes table_of(const struct elf_file *file, uint64_t offset, uint64_t count, size_t entry_bytes) {
    uint64_t available = offset != 0 && offset <= file->size ? (file->size - offset) / entry_bytes : 0;
    return elf_file_bytes(file, offset, (count < available ? count : available) * entry_bytes);
}

static void read_sections(struct elf_file *file, const Elf64_Ehdr *head) {
    Elf64_Shdr first, names;
    if (head->e_shentsize != sizeof first || head->e_shoff == 0) {
        return;
    }
    uint64_t count = head->e_shnum, names_index = head->e_shstrndx;
    if (count == 0 || names_index == SHN_XINDEX) { // the counts do not fit the header
        if (!elf_file_read(file, head->e_shoff, &first, sizeof first)) {
            return;
        }
        count = count == 0 ? first.sh_size : count;
        names_index = names_index == SHN_XINDEX ? first.sh_link : names_index;
    }
    file->sections = table_of(file, head->e_shoff, count, sizeof first);
    if (elf_file_section_at(file, names_index, &names)) {
        file->section_names = elf_file_bytes(file, names.sh_offset, names.sh_size);
    }
}

static void find_build_id(struct elf_file *file);

static bool read_head(struct elf_file *file) {
    Elf64_Ehdr head;
    if (!elf_file_read(file, 0, &head, sizeof head) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_ident[EI_CLASS] != ELFCLASS64 ||
        head.e_ident[EI_DATA] != ELFDATA2LSB) {
        *file = (struct elf_file){0};
        return false;
    }
    file->sections = file->section_names = file->segments = nothing;
    read_sections(file, &head);
    if (head.e_phentsize == sizeof(Elf64_Phdr)) {
        file->segments = table_of(file, head.e_phoff, head.e_phnum, sizeof(Elf64_Phdr));
    }
    find_build_id(file);
    return true;
}

bool elf_file_use(struct elf_file *file, const uint8_t *bytes, size_t size, struct symbolizer_arena *memory) {
    *file = (struct elf_file){.bytes = bytes, .size = size, .memory = memory};
    return read_head(file);
}

// Returns false if it is missing or not a regular file.
static bool learn_version(const char *path, struct elf_file_version *version) {
    struct stat status;
    int descriptor = open_path(path);
    if (descriptor < 0) {
        return false;
    }
    bool regular = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
    close(descriptor);
    if (regular) {
        *version = version_of(&status);
    }
    return regular;
}

bool elf_file_open(struct elf_file *file, const char *path, struct symbolizer_arena *memory) {
    struct elf_file_version version;
    size_t path_bytes = strlen(path) + 1;
    *file = (struct elf_file){0};
    char *copy = learn_version(path, &version) ? symbolizer_arena_alloc(memory, path_bytes) : NULL;
    if (!copy) {
        return false;
    }
    memcpy(copy, path, path_bytes);
    *file = (struct elf_file){.path = copy, .version = version, .size = (size_t)version.size, .memory = memory};
    return read_head(file);
}

void elf_file_close(struct elf_file *file) {
    elf_file_drop(file, file->sections);
    elf_file_drop(file, file->section_names);
    elf_file_drop(file, file->segments);
    *file = (struct elf_file){0};
}

// ---- Sections and segments ----

// Returns false if the index is out of range.
static bool entry_at(const struct dwarf_bytes *table, size_t index, void *entry, size_t entry_bytes) {
    bool there = index < dwarf_bytes_left(table) / entry_bytes;
    if (there) {
        memcpy(entry, table->at + index * entry_bytes, entry_bytes);
    }
    return there;
}

bool elf_file_section_at(const struct elf_file *file, size_t index, Elf64_Shdr *header) {
    return entry_at(&file->sections, index, header, sizeof *header);
}

bool elf_file_segment_at(const struct elf_file *file, size_t index, Elf64_Phdr *segment) {
    return entry_at(&file->segments, index, segment, sizeof *segment);
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

// ---- Build ID ----

// Notes: name size, value size, type, name, value; the last two padded to the alignment.
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

// Frees notes without a build ID.
static bool find_build_id_in(struct elf_file *file, uint64_t offset, uint64_t size, uint64_t alignment, uint64_t *note_bytes_left) {
    if (size > *note_bytes_left) {
        return false;
    }
    *note_bytes_left -= size;
    struct dwarf_bytes notes = elf_file_bytes(file, offset, size);
    file->build_id_bytes = build_id_in(notes, alignment, &file->build_id);
    if (file->build_id_bytes == 0) {
        elf_file_drop(file, notes);
    }
    return file->build_id_bytes > 0;
}

// As in libelf: from the program headers, or from the sections if there are none or, in a debug file, they are empty.
static void find_build_id(struct elf_file *file) {
    Elf64_Phdr segment;
    Elf64_Shdr section;
    uint64_t left = MAX_NOTE_BYTES;
    for (size_t i = 0; elf_file_segment_at(file, i, &segment); i++) {
        if (segment.p_type == PT_NOTE && find_build_id_in(file, segment.p_offset, segment.p_filesz, segment.p_align, &left)) {
            return;
        }
    }
    for (size_t i = 1; elf_file_section_at(file, i, &section); i++) {
        if (section.sh_type == SHT_NOTE && find_build_id_in(file, section.sh_offset, section.sh_size, section.sh_addralign, &left)) {
            return;
        }
    }
}

size_t elf_file_build_id(const struct elf_file *file, const uint8_t **id) {
    *id = file->build_id;
    return file->build_id_bytes;
}

bool elf_file_build_id_is(const struct elf_file *file, const char *hex) {
    static const char digits[] = "0123456789abcdef";
    const uint8_t *id;
    size_t size = elf_file_build_id(file, &id), length = strlen(hex);
    // A longer ID than anyone uses is truncated in modules.c (MODULE_BUILD_ID_BYTES).
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
