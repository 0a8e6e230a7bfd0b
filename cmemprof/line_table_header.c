// line_table_header.c (naming): see line_table_header.h.

#include "line_table_header.h"

#include <string.h>

#include "dwarf_names.h"

// Termination is not checked per string, of which damaged data may have very many: the section ends with NUL, so all strings do.
static const char *text_in(const struct line_section *section, uint64_t offset, struct dwarf_bytes *reader) {
    bool ends = offset < section->size && section->bytes[section->size - 1] == '\0';
    reader->bad |= !ends;
    return ends ? (const char *)section->bytes + offset : "";
}

// ---- Directories and files ----

// Ensures capacity for one more; doubles.
static void *grow(struct symbolizer_arena *memory, void *items, size_t count, size_t item_bytes, struct dwarf_bytes *bytes) {
    if (count != 0 && (count < 8 || (count & (count - 1)) != 0)) {
        return items;
    }
    void *more = symbolizer_arena_grow(memory, items, count * item_bytes, (count == 0 ? 8 : 2 * count) * item_bytes);
    bytes->bad |= !more;
    return more ? more : items;
}

static void add_directory(struct line_header *header, const char *name, struct dwarf_bytes *bytes) {
    header->directories = grow(header->memory, header->directories, header->directory_count, sizeof *header->directories, bytes);
    if (!bytes->bad) {
        header->directories[header->directory_count++] = name;
    }
}

static void add_file(struct line_header *header, const char *name, uint64_t directory, struct dwarf_bytes *bytes) {
    header->files = grow(header->memory, header->files, header->file_count, sizeof *header->files, bytes);
    if (!bytes->bad) {
        header->files[header->file_count++] = (struct line_file){name, directory};
    }
}

// DWARF 2 to 4: strings, terminated by an empty one. Directory 0 is the unit's.
static void read_old_names(struct line_header *header, struct dwarf_bytes *bytes) {
    header->has_own_names = true;
    add_directory(header, header->directory, bytes);
    for (const char *name; !bytes->bad && (name = dwarf_text(bytes))[0] != '\0';) {
        add_directory(header, name, bytes);
    }
    add_file(header, "", 0, bytes);
    for (const char *name; !bytes->bad && (name = dwarf_text(bytes))[0] != '\0';) {
        uint64_t directory = dwarf_uleb(bytes);
        dwarf_uleb(bytes); // time
        dwarf_uleb(bytes); // size
        add_file(header, name, directory, bytes);
    }
}

struct dwarf_5 {
    const struct line_sections *sections;
    size_t offset_bytes;
};

// One value of an entry: a string or a number, by its form.
static void read_value(struct line_header *header, struct dwarf_bytes *bytes, const struct dwarf_5 *format, uint64_t form,
                       const char **name, uint64_t *number) {
    switch (form) {
    case DW_FORM_string:
        *name = dwarf_text(bytes);
        header->has_own_names = true;
        break;
    case DW_FORM_line_strp:
        *name = text_in(&format->sections->line_str, dwarf_fixed(bytes, format->offset_bytes), bytes);
        break;
    case DW_FORM_strp:
        *name = text_in(&format->sections->str, dwarf_fixed(bytes, format->offset_bytes), bytes);
        break;
    case DW_FORM_udata:
        *number = dwarf_uleb(bytes);
        break;
    case DW_FORM_data1:
    case DW_FORM_data2:
    case DW_FORM_data4:
    case DW_FORM_data8:
        *number = dwarf_fixed(bytes, form == DW_FORM_data1 ? 1 : form == DW_FORM_data2 ? 2 : form == DW_FORM_data4 ? 4 : 8);
        break;
    case DW_FORM_data16: // MD5
        dwarf_skip(bytes, 16);
        break;
    case DW_FORM_block:
        dwarf_skip(bytes, dwarf_uleb(bytes));
        break;
    default:
        bytes->bad = true;
    }
}

static void read_entry(struct line_header *header, struct dwarf_bytes *bytes, const struct dwarf_5 *format, struct dwarf_bytes contents,
                       bool is_file) {
    const char *name = "";
    uint64_t directory = 0;
    while (contents.at < contents.end && !contents.bad) {
        const char *value_name = "";
        uint64_t content = dwarf_uleb(&contents), number = 0;
        read_value(header, bytes, format, dwarf_uleb(&contents), &value_name, &number);
        name = content == DW_LNCT_path ? value_name : name;
        directory = content == DW_LNCT_directory_index ? number : directory;
    }
    if (is_file) {
        add_file(header, name, directory, bytes);
    } else {
        add_directory(header, name, bytes);
    }
}

static void read_names(struct line_header *header, struct dwarf_bytes *bytes, const struct dwarf_5 *format, bool files) {
    unsigned pairs = (unsigned)dwarf_fixed(bytes, 1);
    struct dwarf_bytes contents = *bytes;
    for (unsigned i = 0; i < 2 * pairs; i++) {
        dwarf_uleb(bytes);
    }
    contents.end = bytes->at;
    uint64_t count = dwarf_uleb(bytes);
    bytes->bad |= pairs == 0 && count > 0; // entries without bytes would never end
    for (uint64_t i = 0; i < count && !bytes->bad; i++) {
        read_entry(header, bytes, format, contents, files);
    }
}

// ---- The header ----

static bool read_head(struct line_header *header, struct dwarf_bytes bytes, const struct line_sections *sections) {
    uint64_t size = dwarf_fixed(&bytes, 4);
    size_t offset_bytes = size == 0xffffffff ? 8 : 4;
    size = offset_bytes == 8 ? dwarf_fixed(&bytes, 8) : size;
    if (bytes.bad || size > (uint64_t)(bytes.end - bytes.at)) {
        return false;
    }
    bytes.end = bytes.at + size;
    header->version = (unsigned)dwarf_fixed(&bytes, 2);
    unsigned address_bytes = header->version >= 5 ? (unsigned)dwarf_fixed(&bytes, 1) : 8;
    unsigned segment_bytes = header->version >= 5 ? (unsigned)dwarf_fixed(&bytes, 1) : 0;
    uint64_t header_size = dwarf_fixed(&bytes, offset_bytes);
    if (bytes.bad || header->version < 2 || header->version > 5 || address_bytes != 8 || segment_bytes != 0 ||
        header_size > (uint64_t)(bytes.end - bytes.at)) {
        return false;
    }
    header->program = (struct dwarf_bytes){bytes.at + header_size, bytes.end, false};
    bytes.end = header->program.at;
    unsigned min_instruction_bytes = (unsigned)dwarf_fixed(&bytes, 1);
    header->min_instruction_bytes = min_instruction_bytes; // 4 on arm64
    unsigned operations = header->version >= 4 ? (unsigned)dwarf_fixed(&bytes, 1) : 1;
    dwarf_fixed(&bytes, 1);                         // default_is_stmt
    int line_base = (int8_t)dwarf_fixed(&bytes, 1); // NOLINT(bugprone-signed-char-misuse): it is signed
    unsigned line_range = (unsigned)dwarf_fixed(&bytes, 1);
    header->opcode_base = (unsigned)dwarf_fixed(&bytes, 1);
    header->operand_counts = bytes.at;
    if (min_instruction_bytes == 0 || min_instruction_bytes > 4 || operations != 1 || line_range == 0 || header->opcode_base == 0) {
        return false;
    }
    for (unsigned i = 0; i < 256; i++) {
        header->special[i] =
            (struct line_advance){(uint16_t)(i / line_range * min_instruction_bytes), (int16_t)(line_base + (int)(i % line_range))};
    }
    dwarf_skip(&bytes, header->opcode_base - 1);
    if (header->version < 5) {
        read_old_names(header, &bytes);
    } else {
        const struct dwarf_5 format = {sections, offset_bytes};
        read_names(header, &bytes, &format, false);
        read_names(header, &bytes, &format, true);
    }
    return !bytes.bad;
}

bool line_header_read(struct line_header *header, struct symbolizer_arena *memory, const struct line_sections *sections, uint64_t offset,
                      const char *directory) {
    *header = (struct line_header){.memory = memory, .directory = directory};
    const struct line_section *line = &sections->line;
    return offset < line->size && read_head(header, (struct dwarf_bytes){line->bytes + offset, line->bytes + line->size, false}, sections);
}

const char *line_header_path(const struct line_header *header, struct symbolizer_arena *memory, uint64_t file) {
    enum { MAX_BYTES = 4096 }; // of a directory or a name
    const struct line_file *found = &header->files[file];
    const char *directory = found->directory < header->directory_count ? header->directories[found->directory] : "";
    bool whole = found->name[0] == '/' || found->name[0] == '\0' || directory[0] == '\0';
    size_t directory_bytes = whole ? 0 : strnlen(directory, MAX_BYTES), name_bytes = strnlen(found->name, MAX_BYTES);
    char *path = symbolizer_arena_alloc(memory, directory_bytes + name_bytes + 2);
    if (path) {
        memcpy(path, directory, directory_bytes);
        path[directory_bytes] = '/';
        memcpy(path + directory_bytes + !whole, found->name, name_bytes);
        path[directory_bytes + !whole + name_bytes] = '\0';
    }
    return path;
}
