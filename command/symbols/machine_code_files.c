// machine_code_files.c: see machine_code_files.h.
//
// What is open: the file by its descriptor, so that it stays the one that was looked at, its symbols, and a disassembler of its machine.
#include "machine_code_files.h"
#include "../../cmemprof/address_order.h"
#include "../../cmemprof/debug_files.h"
#include "../../cmemprof/demangle.h"
#include "../../cmemprof/elf_symbols.h"
#include "../../receiver/base/folder_file.h"
#include "build_file.h"
#include "capstone.h"
#include "plt.h"
#include "symbol_file.h"

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_CODE_BYTES = 1 << 20, TEXT_BYTES = 512 };

struct opened {
    int file;
    struct symbolizer_arena memory;
    struct elf_file code, debug; // debug: may be closed
    struct elf_symbols symbols;
    struct plt plt;
    struct demangler *demangler; // NULL: no memory; names stay as they are
    unsigned machine;
    struct capstone_reader reader;
};

// ---- Finding ----

struct search {
    const struct machine_code_files *files;
    const char *file, *build_id;
    char other[130]; // build ID of a file in its place; "": there is none, or it has none
};

static void close_opened(void *state) {
    struct opened *opened = state;
    capstone_close(&opened->reader);
    elf_file_close(&opened->code);
    elf_file_close(&opened->debug);
    symbolizer_arena_close(&opened->memory);
    if (opened->file >= 0) {
        close(opened->file);
    }
    free(opened);
}

static void note_other(struct search *search, const struct elf_file *file) {
    const uint8_t *id;
    size_t size = elf_file_build_id(file, &id);
    for (size_t i = 0; i < size && 2 * i + 3 < sizeof search->other; i++) {
        snprintf(search->other + 2 * i, 3, "%02x", id[i]);
    }
}

static bool read_table(struct opened *opened, struct elf_file *file) {
    return elf_symbols_read(&opened->symbols, file, SHT_SYMTAB);
}

// Of the file, of a debug file that was given, of one that is installed; else what the dynamic linker knows.
static void read_symbols(struct opened *opened, const struct search *search, const char *path) {
    const struct machine_code_files *files = search->files;
    char debug[PATH_MAX];
    bool done = read_table(opened, &opened->code);
    for (size_t i = 0; i < files->directory_count && !done; i++) {
        done = build_file_find(files->directories[i], search->build_id, false, debug) &&
               elf_file_open(&opened->debug, debug, &opened->memory) && elf_file_build_id_is(&opened->debug, search->build_id) &&
               read_table(opened, &opened->debug);
    }
    done = done || (debug_files_open(&opened->debug, &opened->code, path) && read_table(opened, &opened->debug));
    if (!done) {
        elf_symbols_read(&opened->symbols, &opened->code, SHT_DYNSYM);
    }
}

// Takes the descriptor. NULL: it is another build, or nothing that can be read. path: by which its debug file is found.
static struct opened *open_build(struct search *search, int file, const char *path) {
    char link[64];
    Elf64_Ehdr head;
    struct stat about;
    struct opened *opened = calloc(1, sizeof *opened);
    if (!opened) {
        close(file);
        return NULL;
    }
    opened->file = file;
    symbolizer_arena_open(&opened->memory);
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    bool is_elf = fstat(file, &about) == 0 && S_ISREG(about.st_mode) && elf_file_open(&opened->code, link, &opened->memory);
    bool is_build = is_elf && elf_file_build_id_is(&opened->code, search->build_id);
    if (is_elf && !is_build) {
        note_other(search, &opened->code);
    }
    if (!is_build || !elf_file_read(&opened->code, 0, &head, sizeof head)) {
        close_opened(opened);
        return NULL;
    }
    opened->machine = head.e_machine;
    read_symbols(opened, search, path);
    opened->demangler = demangler_new(&opened->memory);
    return opened;
}

static struct opened *open_with_symbols(struct search *search) {
    const struct machine_code_files *files = search->files;
    char path[PATH_MAX];
    struct opened *opened = NULL;
    for (size_t i = 0; i < files->directory_count && !opened; i++) {
        int file = build_file_find(files->directories[i], search->build_id, true, path) ? symbol_file_open(path) : -1;
        opened = file >= 0 ? open_build(search, file, path) : NULL;
    }
    return opened;
}

// from NULL: a path of profiles is that of this machine.
static struct opened *open_in_folder(const struct receiver_source *folder, struct search *search) {
    char path[PATH_MAX], real[PATH_MAX];
    const char *rest = folder_file_below(search->file, folder->from ? folder->from : folder->directory);
    if (!rest || snprintf(path, sizeof path, "%s/%s", folder->directory, rest) >= (int)sizeof path) {
        return NULL;
    }
    int file = symbol_file_open(path);
    if (file >= 0 && !folder_file_inside(file, folder->directory, real)) {
        close(file);
        file = -1;
    }
    return file >= 0 ? open_build(search, file, real) : NULL;
}

static struct opened *find_file(struct search *search) {
    const struct machine_code_files *files = search->files;
    struct opened *opened = open_with_symbols(search);
    for (size_t i = 0; i < files->binaries.count && !opened; i++) {
        opened = open_in_folder(&files->binaries.list[i], search);
    }
    if (!opened && files->own_paths && *search->file == '/') {
        int file = symbol_file_open(search->file);
        opened = file >= 0 ? open_build(search, file, search->file) : NULL;
    }
    return opened;
}

static void *open_file(void *context, const char *file, const char *build_id, char reason[MACHINE_CODE_REASON_BYTES]) {
    const struct machine_code_files *files = context;
    struct search search = {.files = files, .file = file, .build_id = build_id};
    struct opened *opened = NULL;
    const char *name = *file ? file : "its file";
    if (!*build_id) {
        snprintf(reason, MACHINE_CODE_REASON_BYTES, "The profile has no build ID of %.200s, so that no file can be told to be that build.",
                 name);
        return NULL;
    }
    if (!capstone_is_there()) {
        snprintf(reason, MACHINE_CODE_REASON_BYTES,
                 "Instructions are read by the library Capstone, which is not installed (libcapstone.so.5 or .so.4; Debian's packages "
                 "libcapstone5, libcapstone4).");
        return NULL;
    }
    opened = find_file(&search);
    if (!opened && *search.other) {
        snprintf(reason, MACHINE_CODE_REASON_BYTES, "%.120s is another build here: %.64s, and that of the profile is %.64s.", name,
                 search.other, build_id);
    } else if (!opened) {
        snprintf(reason, MACHINE_CODE_REASON_BYTES, "%s build %.64s of %.200s.",
                 files->own_paths ? "This machine does not have" : "No folder of --binary-path or --symbols has", build_id, name);
    } else if (!capstone_open(&opened->reader, opened->machine)) {
        snprintf(reason, MACHINE_CODE_REASON_BYTES,
                 "Instructions of x86-64 and arm64 are read, and %.200s is of another machine (%u in ELF).", name, opened->machine);
        close_opened(opened);
        opened = NULL;
    }
    return opened;
}

// ---- Functions ----

static const char *machine(const void *opened) {
    return capstone_machine(((const struct opened *)opened)->machine);
}

// The executable segment that has a byte of the file, or an address.
static bool segment_of(const struct opened *opened, uint64_t at, bool by_address, Elf64_Phdr *segment) {
    for (size_t i = 0; elf_file_segment_at(&opened->code, i, segment); i++) {
        uint64_t start = by_address ? segment->p_vaddr : segment->p_offset;
        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0 && at >= start && at - start < segment->p_filesz) {
            return true;
        }
    }
    return false;
}

static const char *written(struct opened *opened, const char *name) {
    const char *plain = opened->demangler ? demangle(opened->demangler, name) : NULL;
    return plain ? plain : name;
}

// Where it ends; a function without a size ends where the next one begins.
static uint64_t end_of(const struct elf_symbols *symbols, const struct elf_symbol *symbol, uint64_t most) {
    uint64_t size = symbol->size;
    if (size == 0) {
        size_t next = address_upper_bound(symbols->symbols, symbols->count, sizeof *symbols->symbols, symbol->start);
        size = next < symbols->count ? symbols->symbols[next].start - symbol->start : most;
    }
    return size < most ? size : most;
}

static bool find_function(void *state, uint64_t offset, struct machine_code_function *function) {
    struct opened *opened = state;
    Elf64_Phdr segment;
    if (!segment_of(opened, offset, false, &segment)) {
        return false;
    }
    const struct elf_symbol *symbol = elf_symbols_at(&opened->symbols, offset - segment.p_offset + segment.p_vaddr);
    if (!symbol || symbol->start < segment.p_vaddr) {
        return false;
    }
    uint64_t start = symbol->start - segment.p_vaddr; // in the segment
    function->name = written(opened, symbol->name);
    function->start = segment.p_offset + start;
    function->end = function->start + end_of(&opened->symbols, symbol, segment.p_filesz - start);
    return true;
}

// ---- Instructions ----

// The address that is all, or the last, of the operands of a jump or call: "0x1139", "x0, #0x1139".
static bool target_of(const struct capstone_text *text, uint64_t *target) {
    const char *last = strrchr(text->operands, ' ');
    bool branches = strchr("jcbt", text->mnemonic[0]); // jmp, jne, call; b, bl, cbz, tbz
    last = last ? last + 1 : text->operands;
    last += *last == '#';
    char *end;
    if (!branches || strncmp(last, "0x", 2) != 0) {
        return false;
    }
    *target = strtoull(last, &end, 16);
    return *end == '\0';
}

// "malloc@plt"; "": it is no stub. offset: of the byte that is at the address.
static void stub_name(struct opened *opened, uint64_t address, uint64_t offset, char *to, size_t size) {
    uint8_t stub[PLT_STUB_BYTES];
    bool is_there = elf_file_read(&opened->code, offset, stub, sizeof stub);
    uint64_t slot = is_there ? plt_slot_of(opened->machine, stub, address) : 0;
    const char *name = slot ? plt_name(&opened->plt, &opened->code, slot) : NULL;
    *to = '\0';
    if (name) {
        snprintf(to, size, " <%.200s@plt>", written(opened, name));
    }
}

// With the name of the function that a call or jump leads to, if that is another one.
static void put_text(struct opened *opened, const struct capstone_text *text, uint64_t start, uint64_t end, char to[TEXT_BYTES]) {
    uint64_t target;
    int used = snprintf(to, TEXT_BYTES, "%s%s%s", text->mnemonic, *text->operands ? " " : "", text->operands);
    Elf64_Phdr segment;
    if (!target_of(text, &target) || (target >= start && target < end) || !segment_of(opened, target, true, &segment)) {
        return;
    }
    const struct elf_symbol *symbol = elf_symbols_at(&opened->symbols, target);
    char *rest = to + used;
    size_t left = TEXT_BYTES - (size_t)used;
    if (symbol && symbol->start == target) {
        snprintf(rest, left, " <%.200s>", written(opened, symbol->name));
    } else if (symbol && symbol->size > 0) {
        snprintf(rest, left, " <%.200s+0x%" PRIx64 ">", written(opened, symbol->name), target - symbol->start);
    } else {
        stub_name(opened, target, segment.p_offset + (target - segment.p_vaddr), rest, left);
    }
}

static bool read_code(void *state, uint64_t start, uint64_t end, machine_code_take *take, void *taker,
                      char reason[MACHINE_CODE_REASON_BYTES]) {
    struct opened *opened = state;
    Elf64_Phdr segment;
    char text[TEXT_BYTES];
    bool goes_on = segment_of(opened, start, false, &segment);
    size_t size = end - start < MAX_CODE_BYTES ? end - start : MAX_CODE_BYTES;
    struct dwarf_bytes code = elf_file_bytes(&opened->code, start, size);
    if (!goes_on || dwarf_bytes_left(&code) == 0) {
        snprintf(reason, MACHINE_CODE_REASON_BYTES, "The file's instructions cannot be read: it was changed, or memory is short.");
        return false;
    }
    uint64_t first = segment.p_vaddr + (start - segment.p_offset);
    for (size_t at = 0, texts = 0; at < size && goes_on; texts++) {
        struct capstone_text instruction = capstone_next(&opened->reader, code.at + at, size - at, first + at);
        bool has_text = texts < MACHINE_CODE_MAX_TEXTS;
        if (has_text) {
            put_text(opened, &instruction, first, first + (end - start), text);
        }
        goes_on = take(taker, &(struct machine_code_instruction){start + at, first + at, instruction.size, has_text ? text : NULL});
        at += instruction.size;
    }
    elf_file_drop(&opened->code, code);
    return true;
}

struct machine_code machine_code_files_begin(const struct machine_code_files *files) {
    capstone_load();
    return (struct machine_code){open_file, machine, find_function, read_code, close_opened, (void *)files};
}
