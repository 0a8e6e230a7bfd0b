// object_file.c (naming): symbolizes by DWARF, then by the symbol table.

#include "object_file.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "debug_files.h"
#include "dwarf_addresses.h"
#include "dwarf_function.h"
#include "dwarf_lines.h"
#include "dwarf_names.h"
#include "dwarf_split.h"
#include "elf_symbols.h"
#include "function_index.h"

// Lexical blocks around inlined functions.
enum { MAX_BLOCKS = 96 };
// Of file and memory, when compared: large, so that it is freed at once.
enum { PIECE_BYTES = 256 << 10 };

struct object_file {
    struct symbolizer_arena *memory;
    struct elf_file code, debug, supplementary; // debug: separate debug file, if any; supplementary: dwz's
    struct dwarf_file dwarf, supplementary_dwarf;
    struct dwarf_addresses addresses;
    struct dwarf_split split;
    struct elf_symbols symbols;
    bool looked_for_symbols;
};

// ---- Opening ----

// Returns false if the memory is readable and differs.
static bool memory_holds(uintptr_t address, const uint8_t *bytes, uint8_t *there, size_t size) {
    struct iovec to = {there, size}, from = {(void *)address, size};
    // By system call: the memory may be unmapped at any moment.
    ssize_t got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
    if (got < 0 && (errno == EPERM || errno == ENOSYS)) {
        return true; // not permitted
    }
    return got == (ssize_t)size && memcmp(there, bytes, size) == 0;
}

// pieces: buffer for one piece of the file and one of the memory.
static bool is_loaded_segment(const struct elf_file *file, const Elf64_Phdr *segment, uintptr_t address, uint8_t *pieces) {
    uint64_t size = segment->p_filesz;
    for (uint64_t at = 0; at < size; at += PIECE_BYTES) {
        size_t part = size - at < PIECE_BYTES ? size - at : PIECE_BYTES;
        if (segment->p_offset > file->size || !elf_file_read(file, segment->p_offset + at, pieces, part) ||
            !memory_holds(address + at, pieces, pieces + PIECE_BYTES, part)) {
            return false;
        }
    }
    return true;
}

// Without a build ID only the content shows whether the file is the one that was loaded.
static bool is_what_is_loaded(const struct elf_file *file, const struct module *module) {
    Elf64_Phdr segment;
    uint8_t *pieces = symbolizer_arena_alloc(file->memory, (size_t)2 * PIECE_BYTES);
    bool same = pieces;
    for (size_t i = 0; same && elf_file_segment_at(file, i, &segment); i++) {
        if (segment.p_type == PT_LOAD && (segment.p_flags & PF_W) == 0) {
            same = is_loaded_segment(file, &segment, module->bias + segment.p_vaddr, pieces);
        }
    }
    symbolizer_arena_drop(file->memory, pieces, (size_t)2 * PIECE_BYTES);
    return same;
}

static bool open_code(struct elf_file *file, const char *path, const struct module *module, struct symbolizer_arena *memory) {
    if (!elf_file_open(file, path, memory)) {
        return false;
    }
    if (elf_file_build_id_is(file, module->build_id)) {
        return true;
    }
    elf_file_close(file);
    return false;
}

static bool open_library(struct elf_file *file, const struct module *module, struct symbolizer_arena *memory) {
    if (!open_code(file, module->file, module, memory)) {
        return false;
    }
    if (module->build_id[0] == '\0' && atomic_load(&module->unloaded_at) == 0 && !is_what_is_loaded(file, module)) {
        elf_file_close(file);
        return false;
    }
    return true;
}

// These names reach the program's file even after it was replaced by a newer one, unless the loader was executed with the program as its
// argument (modules.c). Without /proc it is opened like a library.
static bool open_program(struct elf_file *file, const struct module *module, struct symbolizer_arena *memory) {
    return open_code(file, "/proc/self/exe", module, memory) ||
           open_code(file, "/proc/thread-self/exe", module, memory) || // if the main thread has ended
           open_library(file, module, memory);
}

struct object_file *object_file_open(const struct module *module, struct symbolizer_arena *memory) {
    struct object_file *file = symbolizer_arena_alloc(memory, sizeof *file);
    if (!file) {
        return NULL;
    }
    file->memory = memory;
    file->split = (struct dwarf_split){.program = module->file, .build_id = module->build_id};
    if (!(module->is_program ? open_program : open_library)(&file->code, module, memory)) {
        return NULL;
    }
    bool is_separate = debug_files_open(&file->debug, &file->code, module->file);
    const struct elf_file *with_dwarf = is_separate ? &file->debug : &file->code;
    dwarf_file_open(&file->dwarf, with_dwarf);
    if (debug_files_open_supplementary(&file->supplementary, with_dwarf, module->file)) {
        dwarf_file_open(&file->supplementary_dwarf, &file->supplementary);
        file->dwarf.supplementary = &file->supplementary_dwarf;
    }
    file->addresses.file = &file->dwarf;
    return file;
}

struct dwarf_addresses *object_file_addresses(struct object_file *file) {
    return &file->addresses;
}

void object_file_close(struct object_file *file) {
    if (file) {
        dwarf_split_close(&file->split);
        elf_file_close(&file->supplementary);
        elf_file_close(&file->debug);
        elf_file_close(&file->code);
    }
}

// ---- Symbol table ----

static const char *symbol_at(struct object_file *file, uint64_t address) {
    if (!file->looked_for_symbols) {
        file->looked_for_symbols = true;
        if (!elf_symbols_read(&file->symbols, &file->code, SHT_SYMTAB) && !elf_symbols_read(&file->symbols, &file->debug, SHT_SYMTAB)) {
            elf_symbols_read(&file->symbols, &file->code, SHT_DYNSYM);
        }
    }
    return elf_symbols_find(&file->symbols, address);
}

// ---- DWARF ----

static struct symbol_frame position_of(struct dwarf_unit *unit, uint64_t address) {
    struct symbol_frame position = {.file = ""};
    struct line_table *lines = dwarf_lines_of(unit);
    uint64_t file;
    int64_t line;
    if (lines && line_table_find(lines, address, &file, &line)) {
        position.file = line_table_file(lines, file);
        position.line = line;
    }
    return position;
}

// scopes: from the innermost outwards.
static size_t frames_of_scopes(struct dwarf_unit *unit, const struct dwarf_die *scopes, size_t scope_count, struct symbol_frame position,
                               struct symbol_frame *frames) {
    size_t count = 0;
    for (size_t i = 0; i < scope_count && count < SYMBOL_MAX_INLINED; i++) {
        unsigned tag = scopes[i].abbrev->tag;
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram) {
            continue;
        }
        struct dwarf_function function = dwarf_function_of(&scopes[i]);
        position.function = function.name;
        position.system_name = function.linkage[0] != '\0' ? function.linkage : function.name;
        position.start_line = (int64_t)function.line;
        frames[count++] = position;
        if (tag == DW_TAG_subprogram) {
            break;
        }
        struct dwarf_call call = dwarf_call_of(unit, &scopes[i]);
        position.file = call.file;
        position.line = call.line;
    }
    return count;
}

static size_t dwarf_frames(struct object_file *file, uint64_t address, struct symbol_frame *frames) {
    struct dwarf_die scopes[SYMBOL_MAX_INLINED + MAX_BLOCKS];
    struct dwarf_unit *unit = dwarf_addresses_find(&file->addresses, address);
    struct dwarf_unit *with_entries = unit ? dwarf_split_of(&file->split, unit) : NULL;
    struct function_index *index = with_entries ? function_index_of(with_entries) : NULL;
    if (!index) {
        return 0;
    }
    unit->has_names = true;
    with_entries->file->names.used = 0;
    size_t count = function_index_scopes(index, address, scopes, sizeof scopes / sizeof *scopes);
    return count > 0 ? frames_of_scopes(unit, scopes, count, position_of(unit, address), frames) : 0;
}

size_t object_file_frames(struct object_file *file, uint64_t address, struct symbol_frame *frames) {
    return object_file_complete(file, address, frames, dwarf_frames(file, address, frames));
}

bool object_file_is_complete(const struct symbol_frame *frames, size_t count) {
    return count > 0 && frames[count - 1].function[0] != '\0';
}

size_t object_file_complete(struct object_file *file, uint64_t address, struct symbol_frame *frames, size_t count) {
    bool nameless = !object_file_is_complete(frames, count); // its name may be in a file that is missing
    const char *name = nameless ? symbol_at(file, address) : NULL;
    if (name && count > 0) {
        frames[count - 1].function = frames[count - 1].system_name = name;
    } else if (name) {
        frames[count++] = (struct symbol_frame){.function = name, .system_name = name, .file = ""};
    }
    return count;
}
