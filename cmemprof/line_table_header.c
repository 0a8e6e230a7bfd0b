// line_table_header.c: see line_table_header.h.

#include "line_table_header.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

// ---- Numbers and texts ----

uint64_t line_fixed(struct line_bytes *bytes, size_t size) {
    uint64_t value = 0;
    if (size > sizeof value || size > (size_t)(bytes->end - bytes->at)) {
        bytes->bad = true;
        bytes->at = bytes->end;
        return 0;
    }
    memcpy(&value, bytes->at, size); // this is for amd64
    bytes->at += size;
    return value;
}

// Of 10 bytes at most, which hold 64 bits.
static uint64_t leb(struct line_bytes *bytes, unsigned *bits, uint8_t *last) {
    uint64_t value = 0;
    *bits = 0;
    do {
        *last = (uint8_t)line_fixed(bytes, 1);
        value |= (uint64_t)(*last & 0x7f) << *bits;
        *bits += 7;
    } while ((*last & 0x80) != 0 && *bits < 64);
    bytes->bad |= (*last & 0x80) != 0;
    return value;
}

uint64_t line_uleb(struct line_bytes *bytes) {
    unsigned bits;
    uint8_t last;
    return leb(bytes, &bits, &last);
}

int64_t line_sleb(struct line_bytes *bytes) {
    unsigned bits;
    uint8_t last;
    uint64_t value = leb(bytes, &bits, &last);
    return (int64_t)(bits < 64 && (last & 0x40) != 0 ? value | UINT64_MAX << bits : value);
}

static const char *text(struct line_bytes *bytes) {
    const uint8_t *begin = bytes->at, *end = memchr(begin, '\0', (size_t)(bytes->end - begin));
    if (end == NULL) {
        bytes->bad = true;
        bytes->at = bytes->end;
        return "";
    }
    bytes->at = end + 1;
    return (const char *)begin;
}

// Whether the text ends is not looked at for each, of which damaged data may have very many: with the section all do.
static const char *text_in(const struct line_section *section, uint64_t offset, struct line_bytes *reader) {
    bool ends = offset < section->size && section->bytes[section->size - 1] == '\0';
    reader->bad |= !ends;
    return ends ? (const char *)section->bytes + offset : "";
}

static void skip(struct line_bytes *bytes, uint64_t size) {
    bool there = size <= (uint64_t)(bytes->end - bytes->at);
    bytes->bad |= !there;
    bytes->at = there ? bytes->at + size : bytes->end;
}

// ---- Directories and files ----

// Room for one more of count; it doubles.
static void *grow(void *items, size_t count, size_t item_bytes, struct line_bytes *bytes) {
    if (count != 0 && (count < 8 || (count & (count - 1)) != 0)) {
        return items;
    }
    void *more = realloc(items, (count == 0 ? 8 : 2 * count) * item_bytes);
    bytes->bad |= more == NULL;
    return more != NULL ? more : items;
}

static void add_directory(struct line_header *header, const char *name, struct line_bytes *bytes) {
    header->directories = grow(header->directories, header->directory_count, sizeof *header->directories, bytes);
    if (!bytes->bad) {
        header->directories[header->directory_count++] = name;
    }
}

static void add_file(struct line_header *header, const char *name, uint64_t directory, struct line_bytes *bytes) {
    header->files = grow(header->files, header->file_count, sizeof *header->files, bytes);
    if (!bytes->bad) {
        header->files[header->file_count++] = (struct line_file){name, directory};
    }
}

// Up to DWARF 4: texts, ended by an empty one. Directory 0 is the unit's.
static void read_old_names(struct line_header *header, struct line_bytes *bytes) {
    add_directory(header, header->directory, bytes);
    for (const char *name; !bytes->bad && (name = text(bytes))[0] != '\0';) {
        add_directory(header, name, bytes);
    }
    add_file(header, "", 0, bytes);
    for (const char *name; !bytes->bad && (name = text(bytes))[0] != '\0';) {
        uint64_t directory = line_uleb(bytes);
        line_uleb(bytes); // time
        line_uleb(bytes); // size
        add_file(header, name, directory, bytes);
    }
}

struct dwarf_5 {
    const struct line_sections *sections;
    size_t offset_bytes;
};

// A value of an entry: a text, or a number, by its form.
static void read_value(struct line_bytes *bytes, const struct dwarf_5 *format, uint64_t form, const char **name, uint64_t *number) {
    switch (form) {
    case DW_FORM_string:
        *name = text(bytes);
        break;
    case DW_FORM_line_strp:
        *name = text_in(&format->sections->line_str, line_fixed(bytes, format->offset_bytes), bytes);
        break;
    case DW_FORM_strp:
        *name = text_in(&format->sections->str, line_fixed(bytes, format->offset_bytes), bytes);
        break;
    case DW_FORM_udata:
        *number = line_uleb(bytes);
        break;
    case DW_FORM_data1:
    case DW_FORM_data2:
    case DW_FORM_data4:
    case DW_FORM_data8:
        *number = line_fixed(bytes, form == DW_FORM_data1 ? 1 : form == DW_FORM_data2 ? 2 : form == DW_FORM_data4 ? 4 : 8);
        break;
    case DW_FORM_data16: // MD5
        skip(bytes, 16);
        break;
    case DW_FORM_block:
        skip(bytes, line_uleb(bytes));
        break;
    default:
        bytes->bad = true;
    }
}

static void read_entry(struct line_header *header, struct line_bytes *bytes, const struct dwarf_5 *format, struct line_bytes contents,
                       bool is_file) {
    const char *name = "";
    uint64_t directory = 0;
    while (contents.at < contents.end && !contents.bad) {
        const char *value_name = "";
        uint64_t content = line_uleb(&contents), number = 0;
        read_value(bytes, format, line_uleb(&contents), &value_name, &number);
        name = content == DW_LNCT_path ? value_name : name;
        directory = content == DW_LNCT_directory_index ? number : directory;
    }
    if (is_file) {
        add_file(header, name, directory, bytes);
    } else {
        add_directory(header, name, bytes);
    }
}

static void read_names(struct line_header *header, struct line_bytes *bytes, const struct dwarf_5 *format, bool files) {
    unsigned pairs = (unsigned)line_fixed(bytes, 1);
    struct line_bytes contents = *bytes;
    for (unsigned i = 0; i < 2 * pairs; i++) {
        line_uleb(bytes);
    }
    contents.end = bytes->at;
    uint64_t count = line_uleb(bytes);
    bytes->bad |= pairs == 0 && count > 0; // entries of no bytes would have no end
    for (uint64_t i = 0; i < count && !bytes->bad; i++) {
        read_entry(header, bytes, format, contents, files);
    }
}

// ---- The head ----

static bool read_head(struct line_header *header, struct line_bytes bytes, const struct line_sections *sections) {
    uint64_t size = line_fixed(&bytes, 4);
    size_t offset_bytes = size == 0xffffffff ? 8 : 4;
    size = offset_bytes == 8 ? line_fixed(&bytes, 8) : size;
    if (bytes.bad || size > (uint64_t)(bytes.end - bytes.at)) {
        return false;
    }
    bytes.end = bytes.at + size;
    header->version = (unsigned)line_fixed(&bytes, 2);
    unsigned address_bytes = header->version >= 5 ? (unsigned)line_fixed(&bytes, 1) : 8;
    unsigned segment_bytes = header->version >= 5 ? (unsigned)line_fixed(&bytes, 1) : 0;
    uint64_t header_size = line_fixed(&bytes, offset_bytes);
    if (bytes.bad || header->version < 2 || header->version > 5 || address_bytes != 8 || segment_bytes != 0 ||
        header_size > (uint64_t)(bytes.end - bytes.at)) {
        return false;
    }
    header->program = (struct line_bytes){bytes.at + header_size, bytes.end, false};
    bytes.end = header->program.at;
    unsigned least_instruction = (unsigned)line_fixed(&bytes, 1);
    unsigned operations = header->version >= 4 ? (unsigned)line_fixed(&bytes, 1) : 1;
    line_fixed(&bytes, 1); // whether rows are statements
    header->line_base = (int8_t)line_fixed(&bytes, 1);
    header->line_range = (unsigned)line_fixed(&bytes, 1);
    header->opcode_base = (unsigned)line_fixed(&bytes, 1);
    header->operand_counts = bytes.at;
    if (least_instruction != 1 || operations != 1 || header->line_range == 0 || header->opcode_base == 0) {
        return false;
    }
    skip(&bytes, header->opcode_base - 1);
    if (header->version < 5) {
        read_old_names(header, &bytes);
    } else {
        const struct dwarf_5 format = {sections, offset_bytes};
        read_names(header, &bytes, &format, false);
        read_names(header, &bytes, &format, true);
    }
    return !bytes.bad;
}

bool line_header_read(struct line_header *header, const struct line_sections *sections, uint64_t offset, const char *directory) {
    *header = (struct line_header){.directory = directory};
    const struct line_section *line = &sections->line;
    return offset < line->size && read_head(header, (struct line_bytes){line->bytes + offset, line->bytes + line->size, false}, sections);
}

void line_header_free(struct line_header *header) {
    free(header->directories);
    free(header->files);
}

char *line_header_path(const struct line_header *header, uint64_t file) {
    enum { MOST_BYTES = 4096 }; // of a directory, of a name
    const struct line_file *found = &header->files[file];
    const char *directory = found->directory < header->directory_count ? header->directories[found->directory] : "";
    if (found->name[0] == '/' || found->name[0] == '\0' || directory[0] == '\0') {
        return strndup(found->name, MOST_BYTES);
    }
    size_t directory_bytes = strnlen(directory, MOST_BYTES), name_bytes = strnlen(found->name, MOST_BYTES);
    char *path = calloc(1, directory_bytes + name_bytes + 2);
    if (path != NULL) {
        memcpy(path, directory, directory_bytes);
        path[directory_bytes] = '/';
        memcpy(path + directory_bytes + 1, found->name, name_bytes);
    }
    return path;
}
