// object_file.c: elfutils: DWARF first, then the symbol table.

#include "object_file.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "by_address.h"
#include "function_index.h"
#include "line_table.h"

struct function {
    uint64_t start, size; // start first: by_address.h
    const char *name;
};

struct image {
    int descriptor; // -1: closed
    Elf *elf;
};

// One that was asked about.
struct unit {
    Dwarf_Die die;
    struct function_index *functions; // NULL: no memory
    struct line_table *lines;         // NULL: none, or one that is for libdw to read
};

// Lexical blocks around what is inlined.
enum { MAX_BLOCKS = 96 };

struct object_file {
    struct image code, debug;   // debug: a separate debug file, if there is one
    Dwarf *dwarf;               // of debug, else of code; NULL: none
    struct function *functions; // from the symbol table, by address
    size_t function_count;
    struct line_sections sections;
    struct unit *units;
    size_t unit_count, unit_room;
};

// ---- Opening ----

static void close_image(struct image *image) {
    elf_end(image->elf);
    if (image->descriptor >= 0) {
        close(image->descriptor);
    }
    *image = (struct image){.descriptor = -1};
}

// Everything is mapped. Naming takes a while, in which the program may fork, or close all descriptors and open others in their place.
static void close_descriptor(struct image *image) {
    if (image->descriptor >= 0 && elf_cntl(image->elf, ELF_C_FDDONE) == 0) {
        close(image->descriptor);
        image->descriptor = -1;
    }
}

static bool build_id_is(Elf *elf, const char *wanted) {
    const void *bytes;
    ssize_t size = dwelf_elf_gnu_build_id(elf, &bytes);
    if (size <= 0 || wanted[0] == '\0') {
        return size <= 0 && wanted[0] == '\0';
    }
    char hex[2 * MODULE_BUILD_ID_BYTES + 1] = "";
    for (ssize_t i = 0; i < size && i < MODULE_BUILD_ID_BYTES; i++) {
        sprintf(hex + 2 * i, "%02x", ((const uint8_t *)bytes)[i]);
    }
    return strcmp(hex, wanted) == 0;
}

static bool open_image(struct image *image, const char *path, const char *build_id) {
    image->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    image->elf = image->descriptor >= 0 ? elf_begin(image->descriptor, ELF_C_READ_MMAP, NULL) : NULL;
    if (image->elf != NULL && elf_kind(image->elf) == ELF_K_ELF && build_id_is(image->elf, build_id)) {
        return true;
    }
    close_image(image);
    return false;
}

// False: it can be read, and is something else.
static bool memory_holds(uintptr_t address, const char *bytes, size_t size) {
    char there[16 * 1024];
    for (size_t at = 0; at < size; at += sizeof there) {
        size_t part = size - at < sizeof there ? size - at : sizeof there;
        struct iovec to = {there, part}, from = {(void *)(address + at), part};
        // Not read by itself: it may be unloaded at this moment.
        ssize_t got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
        if (got < 0 && (errno == EPERM || errno == ENOSYS)) {
            return true; // forbidden here
        }
        if (got != (ssize_t)part || memcmp(there, bytes + at, part) != 0) {
            return false;
        }
    }
    return true;
}

// Without a build ID only its content tells whether the file is still the one that was loaded.
static bool is_what_is_loaded(Elf *elf, const struct module *module) {
    size_t size, count = 0;
    const char *bytes = elf_rawfile(elf, &size);
    bool same = bytes != NULL && elf_getphdrnum(elf, &count) == 0;
    for (size_t i = 0; same && i < count; i++) {
        GElf_Phdr segment;
        bool constant = gelf_getphdr(elf, (int)i, &segment) != NULL && segment.p_type == PT_LOAD && (segment.p_flags & PF_W) == 0;
        same = !constant || (segment.p_offset <= size && segment.p_filesz <= size - segment.p_offset &&
                             memory_holds(module->bias + segment.p_vaddr, bytes + segment.p_offset, segment.p_filesz));
    }
    return same;
}

static bool open_library(struct image *image, const struct module *module) {
    if (!open_image(image, module->file, module->build_id)) {
        return false;
    }
    if (module->build_id[0] == '\0' && atomic_load(&module->unloaded_at) == 0 && !is_what_is_loaded(image->elf, module)) {
        close_image(image);
        return false;
    }
    return true;
}

// Its file is reachable by these names even after it was replaced by a newer one, unless the loader was executed with the program as its
// argument (modules.c). Without /proc it is like a library's.
static bool open_program(struct image *image, const struct module *module) {
    return open_image(image, "/proc/self/exe", module->build_id) ||
           open_image(image, "/proc/thread-self/exe", module->build_id) || // the first thread has ended
           open_library(image, module);
}

static void open_debug(struct object_file *file, const char *build_id) {
    char path[sizeof "/usr/lib/debug/.build-id/xx/.debug" + 2 * MODULE_BUILD_ID_BYTES];
    if (strlen(build_id) > 2) {
        snprintf(path, sizeof path, "/usr/lib/debug/.build-id/%.2s/%s.debug", build_id, build_id + 2);
        open_image(&file->debug, path, build_id);
    }
}

// ---- Symbol table ----

static int by_start(const void *left, const void *right) {
    const struct function *a = left, *b = right;
    return a->start != b->start ? (a->start < b->start ? -1 : 1) : 0;
}

static Elf_Scn *section_of_type(Elf *elf, GElf_Word type, GElf_Shdr *header) {
    Elf_Scn *section = NULL;
    while (elf != NULL && (section = elf_nextscn(elf, section)) != NULL) {
        if (gelf_getshdr(section, header) != NULL && header->sh_type == type && header->sh_entsize != 0) {
            return section;
        }
    }
    return NULL;
}

static bool read_functions(struct object_file *file, Elf *elf, GElf_Word type) {
    GElf_Shdr header;
    Elf_Scn *section = section_of_type(elf, type, &header);
    Elf_Data *data = section != NULL ? elf_getdata(section, NULL) : NULL;
    if (data == NULL) {
        return false;
    }
    size_t count = data->d_size / header.sh_entsize;
    file->functions = malloc(count * sizeof *file->functions);
    for (size_t i = 0; file->functions != NULL && i < count; i++) {
        GElf_Sym symbol;
        if (gelf_getsym(data, (int)i, &symbol) == NULL || symbol.st_shndx == SHN_UNDEF || symbol.st_value == 0 ||
            (GELF_ST_TYPE(symbol.st_info) != STT_FUNC && GELF_ST_TYPE(symbol.st_info) != STT_GNU_IFUNC)) {
            continue;
        }
        const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);
        if (name != NULL && name[0] != '\0') {
            file->functions[file->function_count++] = (struct function){symbol.st_value, symbol.st_size, name};
        }
    }
    if (file->function_count > 0) {
        qsort(file->functions, file->function_count, sizeof *file->functions, by_start);
    }
    return file->function_count > 0;
}

static const char *function_at(const struct object_file *file, uint64_t address) {
    size_t end = by_address_count(file->functions, file->function_count, sizeof *file->functions, address);
    // Aliases share a start; the first that is long enough names it. Assembly may have size 0: then up to the next function.
    for (size_t i = end; i-- > 0 && end - i <= 4;) {
        const struct function *function = &file->functions[i];
        if (function->size == 0 ? i + 1 == end : address - function->start < function->size) {
            return function->name;
        }
    }
    return NULL;
}

// As libdw has left it: inflated.
static void read_section(Elf_Scn *section, const GElf_Shdr *header, const char *name, const char *wanted, struct line_section *found) {
    bool is_it = strcmp(name, wanted) == 0 && header->sh_type != SHT_NOBITS && (header->sh_flags & SHF_COMPRESSED) == 0;
    Elf_Data *data = is_it ? elf_rawdata(section, NULL) : NULL;
    if (data != NULL && data->d_buf != NULL) {
        *found = (struct line_section){data->d_buf, data->d_size};
    }
}

static void read_sections(struct object_file *file, Elf *elf) {
    size_t names;
    if (file->dwarf == NULL || elf_getshdrstrndx(elf, &names) != 0) {
        return;
    }
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section)) != NULL;) {
        GElf_Shdr header;
        const char *name = gelf_getshdr(section, &header) != NULL ? elf_strptr(elf, names, header.sh_name) : NULL;
        if (name != NULL) {
            read_section(section, &header, name, ".debug_line", &file->sections.line);
            read_section(section, &header, name, ".debug_line_str", &file->sections.line_str);
            read_section(section, &header, name, ".debug_str", &file->sections.str);
        }
    }
}

struct object_file *object_file_open(const struct module *module) {
    struct object_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        return NULL;
    }
    file->code.descriptor = file->debug.descriptor = -1;
    elf_version(EV_CURRENT);
    if (!(module->is_program ? open_program : open_library)(&file->code, module)) {
        free(file);
        return NULL;
    }
    open_debug(file, module->build_id);
    Elf *with_dwarf = file->debug.elf != NULL ? file->debug.elf : file->code.elf;
    file->dwarf = dwarf_begin_elf(with_dwarf, DWARF_C_READ, NULL);
    read_sections(file, with_dwarf);
    close_descriptor(&file->code);
    close_descriptor(&file->debug);
    if (!read_functions(file, file->code.elf, SHT_SYMTAB)) {
        free(file->functions);
        file->functions = NULL;
        if (!read_functions(file, file->debug.elf, SHT_SYMTAB)) {
            free(file->functions);
            file->functions = NULL;
            read_functions(file, file->code.elf, SHT_DYNSYM);
        }
    }
    return file;
}

void object_file_close(struct object_file *file) {
    if (file != NULL) {
        for (size_t i = 0; i < file->unit_count; i++) {
            function_index_free(file->units[i].functions);
            line_table_free(file->units[i].lines);
        }
        free(file->units);
        dwarf_end(file->dwarf);
        close_image(&file->debug);
        close_image(&file->code);
        free(file->functions);
        free(file);
    }
}

// ---- DWARF ----

static bool find_unit(Dwarf *dwarf, Dwarf_Addr address, Dwarf_Die *unit) {
    if (dwarf_addrdie(dwarf, address, unit) != NULL) {
        return true;
    }
    // No .debug_aranges (clang): ask every unit. Seldom, since names are cached.
    Dwarf_CU *cu = NULL;
    while (dwarf_get_units(dwarf, cu, &cu, NULL, NULL, unit, NULL) == 0) {
        if (dwarf_haspc(unit, address) == 1) {
            return true;
        }
    }
    return false;
}

static const char *text_attribute(Dwarf_Die *die, unsigned name) {
    Dwarf_Attribute attribute;
    const char *text = dwarf_formstring(dwarf_attr_integrate(die, name, &attribute));
    return text != NULL ? text : "";
}

static int64_t number_attribute(Dwarf_Die *die, unsigned name) {
    Dwarf_Attribute attribute;
    Dwarf_Word number;
    return dwarf_formudata(dwarf_attr_integrate(die, name, &attribute), &number) == 0 ? (int64_t)number : 0;
}

// The unit's, or libdw's list.
static const char *file_name(struct unit *unit, int64_t index) {
    if (unit->lines != NULL) {
        return index >= 0 ? line_table_file(unit->lines, (uint64_t)index) : "";
    }
    Dwarf_Files *files;
    size_t count;
    const char *name = NULL;
    if (dwarf_getsrcfiles(&unit->die, &files, &count) == 0 && index >= 0 && (size_t)index < count) {
        name = dwarf_filesrc(files, (size_t)index, NULL, NULL);
    }
    return name != NULL ? name : "";
}

static struct symbol_frame position_of(struct unit *unit, uint64_t address) {
    struct symbol_frame position = {.file = ""};
    uint64_t file;
    int64_t line_number;
    if (unit->lines != NULL) {
        if (line_table_find(unit->lines, address, &file, &line_number)) {
            position.file = line_table_file(unit->lines, file);
            position.line = line_number;
        }
        return position;
    }
    Dwarf_Line *line = dwarf_getsrc_die(&unit->die, address);
    if (line != NULL) {
        int number = 0;
        const char *source = dwarf_linesrc(line, NULL, NULL);
        dwarf_lineno(line, &number);
        position.file = source != NULL ? source : "";
        position.line = number;
    }
    return position;
}

// scopes: from the innermost scope outwards, as they are nested in the code.
static size_t frames_of_scopes(struct unit *unit, Dwarf_Die *scopes, size_t scope_count, struct symbol_frame position,
                               struct symbol_frame *frames) {
    size_t count = 0;
    for (size_t i = 0; i < scope_count && count < SYMBOL_MAX_INLINED; i++) {
        int tag = dwarf_tag(&scopes[i]);
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram) {
            continue;
        }
        const char *name = dwarf_diename(&scopes[i]), *linkage = text_attribute(&scopes[i], DW_AT_linkage_name);
        position.function = name != NULL ? name : "";
        position.system_name = linkage[0] != '\0' ? linkage : position.function;
        position.start_line = number_attribute(&scopes[i], DW_AT_decl_line);
        frames[count++] = position;
        if (tag == DW_TAG_subprogram) {
            break;
        }
        position.file = file_name(unit, number_attribute(&scopes[i], DW_AT_call_file));
        position.line = number_attribute(&scopes[i], DW_AT_call_line);
    }
    return count;
}

static struct line_table *lines_of(const struct object_file *file, Dwarf_Die *unit) {
    Dwarf_Attribute attribute;
    Dwarf_Word offset;
    if (dwarf_formudata(dwarf_attr_integrate(unit, DW_AT_stmt_list, &attribute), &offset) != 0) {
        return NULL;
    }
    return line_table_new(&file->sections, offset, text_attribute(unit, DW_AT_comp_dir));
}

// NULL: no memory.
static struct unit *unit_of(struct object_file *file, Dwarf_Die *die) {
    for (size_t i = 0; i < file->unit_count; i++) {
        if (file->units[i].die.addr == die->addr) {
            return &file->units[i];
        }
    }
    if (file->unit_count == file->unit_room) {
        size_t room = file->unit_room == 0 ? 64 : file->unit_room * 2;
        struct unit *units = realloc(file->units, room * sizeof *units);
        if (units == NULL) {
            return NULL;
        }
        file->units = units;
        file->unit_room = room;
    }
    struct unit *unit = &file->units[file->unit_count++];
    *unit = (struct unit){*die, function_index_new(die), lines_of(file, die)};
    return unit;
}

static size_t dwarf_frames(struct object_file *file, uint64_t address, struct symbol_frame *frames) {
    Dwarf_Die die, scopes[SYMBOL_MAX_INLINED + MAX_BLOCKS];
    struct unit *unit = file->dwarf != NULL && find_unit(file->dwarf, address, &die) ? unit_of(file, &die) : NULL;
    if (unit == NULL || unit->functions == NULL) {
        return 0;
    }
    size_t count = function_index_scopes(unit->functions, address, scopes, sizeof scopes / sizeof *scopes);
    return count > 0 ? frames_of_scopes(unit, scopes, count, position_of(unit, address), frames) : 0;
}

size_t object_file_frames(struct object_file *file, uint64_t address, struct symbol_frame *frames) {
    size_t count = dwarf_frames(file, address, frames);
    bool nameless = count == 0 || frames[count - 1].function[0] == '\0'; // its name may lie in a file that is not open
    const char *name = nameless ? function_at(file, address) : NULL;
    if (name != NULL && count > 0) {
        frames[count - 1].function = frames[count - 1].system_name = name;
    } else if (name != NULL) {
        frames[count++] = (struct symbol_frame){.function = name, .system_name = name, .file = ""};
    }
    return count;
}
