// beside_libdw.c: compares the frames of many addresses in ELF files as found by object_file.c, by unit_digest.c and by libdw. A program,
// not a test: e2e/names builds files for it and checks its output.
//
// usage: beside_libdw EVERY FILE... EVERY: compare one in this many line table rows and symbols
//
// Prints every difference, and for each file the number of addresses and frames compared. Exits with 1 on any difference.

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../dwarf_addresses.h"
#include "../object_file.h"
#include "../unit_digest.h"

struct one_file {
    Dwarf *dwarf;
    Dwarf_CU **units;
    struct object_file *ours;
    struct unit_digest *digest; // of the unit that is compared; NULL: the file itself is asked
    size_t addresses, frames, differences, digests, not_in_digests;
};

// ---- libdw's ----

static const char *text_of(Dwarf_Die *die, unsigned name) {
    Dwarf_Attribute attribute;
    const char *text = dwarf_formstring(dwarf_attr_integrate(die, name, &attribute));
    return text ? text : "";
}

static int64_t number_of(Dwarf_Die *die, unsigned name) {
    Dwarf_Attribute attribute;
    Dwarf_Word number;
    return dwarf_formudata(dwarf_attr_integrate(die, name, &attribute), &number) == 0 ? (int64_t)number : 0;
}

static const char *call_file(Dwarf_Die *unit, int64_t index) {
    Dwarf_Files *files;
    size_t count;
    const char *name = NULL;
    if (dwarf_getsrcfiles(unit, &files, &count) == 0 && index >= 0 && (size_t)index < count) {
        name = dwarf_filesrc(files, (size_t)index, NULL, NULL);
    }
    return name ? name : "";
}

// entries: those of the unit or of its split unit.
static size_t frames_of(Dwarf_Die *unit, Dwarf_Die *entries, Dwarf_Addr address, struct symbol_frame *frames) {
    Dwarf_Die *scopes = NULL;
    int scope_count = dwarf_getscopes(entries, address, &scopes);
    Dwarf_Die *inner = NULL;
    // Inlined functions are nested in the code, but getscopes continues from the innermost by declaration.
    int nested_count = scope_count > 0 ? dwarf_getscopes_die(&scopes[0], &inner) : 0;
    struct symbol_frame position = {.file = ""};
    Dwarf_Line *line = dwarf_getsrc_die(unit, address);
    if (line) {
        int number = 0;
        const char *source = dwarf_linesrc(line, NULL, NULL);
        dwarf_lineno(line, &number);
        position.file = source ? source : "";
        position.line = number;
    }
    size_t count = 0;
    for (int i = 0; i < nested_count && count < SYMBOL_MAX_INLINED; i++) {
        int tag = dwarf_tag(&inner[i]);
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram) {
            continue;
        }
        const char *name = dwarf_diename(&inner[i]);
        position.function = name ? name : "";
        position.system_name = text_of(&inner[i], DW_AT_linkage_name);
        position.start_line = number_of(&inner[i], DW_AT_decl_line);
        frames[count++] = position;
        if (tag == DW_TAG_subprogram) {
            break;
        }
        position.file = call_file(unit, number_of(&inner[i], DW_AT_call_file));
        position.line = number_of(&inner[i], DW_AT_call_line);
    }
    free(scopes);
    free(inner);
    return count;
}

// ---- Comparison ----

// "a::put" is better than "put".
static bool is_name(const char *ours, const char *theirs) {
    size_t a = strlen(ours), b = strlen(theirs);
    return a >= b && strcmp(ours + (a - b), theirs) == 0 && (a == b || (a > b + 2 && memcmp(ours + (a - b) - 2, "::", 2) == 0));
}

static bool are_same(const struct symbol_frame *a, const struct symbol_frame *b) {
    bool linkage = b->system_name[0] == '\0' || strcmp(a->system_name, b->system_name) == 0;
    return is_name(a->function, b->function) && linkage && strcmp(a->file, b->file) == 0 && a->line == b->line &&
           a->start_line == b->start_line;
}

static void print(const char *whose, const struct symbol_frame *frames, size_t count) {
    for (size_t i = 0; i < count; i++) {
        printf("  %s %s [%s] %s:%ld from %ld\n", whose, frames[i].function, frames[i].system_name, frames[i].file, frames[i].line,
               frames[i].start_line);
    }
}

static void compare(struct one_file *file, Dwarf_Die *unit, Dwarf_Die *entries, Dwarf_Addr address) {
    struct symbol_frame ours[SYMBOL_MAX_INLINED], theirs[SYMBOL_MAX_INLINED];
    size_t count, wanted = frames_of(unit, entries, address, theirs);
    if (wanted == 0 || theirs[wanted - 1].function[0] == '\0') {
        return; // from the symbol table, which libdw does not read
    }
    if (!file->digest) {
        count = object_file_frames(file->ours, address, ours);
    } else if (!unit_digest_frames(file->digest, address, ours, &count)) {
        file->not_in_digests++;
        return;
    }
    bool same = count == wanted;
    for (size_t i = 0; same && i < count; i++) {
        same = are_same(&ours[i], &theirs[i]);
    }
    file->addresses++;
    file->frames += wanted;
    if (!same) {
        file->differences++;
        printf("%#lx\n", address);
        print(file->digest ? "digest" : "ours ", ours, count);
        print("libdw", theirs, wanted);
    }
}

static void compare_unit(struct one_file *file, Dwarf_Die *unit, Dwarf_Die *entries, size_t every) {
    Dwarf_Lines *lines;
    size_t count;
    if (dwarf_getsrclines(unit, &lines, &count) != 0) {
        return;
    }
    for (size_t i = 0; i < count; i += every) {
        Dwarf_Addr address;
        Dwarf_Die owner;
        dwarf_lineaddr(dwarf_onesrcline(lines, i), &address);
        if (dwarf_haspc(unit, address) == 1 && (!dwarf_addrdie(file->dwarf, address, &owner) || owner.addr == unit->addr)) {
            compare(file, unit, entries, address);
        }
    }
}

// Twice: by the debug data, then by a digest of it.
static void compare_both(struct one_file *file, Dwarf_Die *unit, Dwarf_Die *entries, size_t every) {
    compare_unit(file, unit, entries, every);
    for (struct dwarf_unit *read = object_file_addresses(file->ours)->file->units; read; read = read->next) {
        bool is_this = read->has_names && read->offset == (uint64_t)dwarf_dieoffset(unit) - (uint64_t)(read->entries - read->begin);
        file->digest = is_this ? unit_digest_new(read, read->split ? read->split : read, SIZE_MAX) : NULL;
        if (file->digest) {
            file->digests++;
            compare_unit(file, unit, entries, every);
            unit_digest_free(file->digest);
            file->digest = NULL;
            return;
        }
    }
}

static bool compare_file(const char *path, const char *debug, size_t every) {
    struct one_file file = {0};
    struct module module = {.file = (char *)path};
    const void *id;
    int descriptor = open(path, O_RDONLY), debug_descriptor = open(debug, O_RDONLY);
    Elf *elf = elf_begin(descriptor, ELF_C_READ_MMAP, NULL);
    ssize_t size = dwelf_elf_gnu_build_id(elf, &id);
    for (ssize_t i = 0; i < size; i++) {
        sprintf(module.build_id + 2 * i, "%02x", ((const uint8_t *)id)[i]);
    }
    if (size <= 0) {
        atomic_store(&module.unloaded_at, 1); // there is no memory to compare it with
    }
    struct symbolizer_arena memory;
    symbolizer_arena_open(&memory);
    file.ours = object_file_open(&module, &memory);
    file.dwarf = dwarf_begin(debug_descriptor, DWARF_C_READ);
    if (!file.ours || !file.dwarf) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(2);
    }
    Dwarf_CU *cu = NULL;
    Dwarf_Die unit, split;
    uint8_t type;
    while (dwarf_get_units(file.dwarf, cu, &cu, NULL, &type, &unit, &split) == 0) {
        bool is_split = type == DW_UT_skeleton && dwarf_tag(&split) == DW_TAG_compile_unit;
        compare_both(&file, &unit, is_split ? &split : &unit, every);
    }
    printf("%s: %zu addresses, %zu frames, %zu differ; %zu digests, which lack %zu\n", path, file.addresses, file.frames, file.differences,
           file.digests, file.not_in_digests);
    object_file_close(file.ours);
    symbolizer_arena_close(&memory);
    dwarf_end(file.dwarf);
    elf_end(elf);
    close(descriptor);
    close(debug_descriptor);
    return file.differences == 0 && file.addresses > 0 && file.digests > 0;
}

int main(int argc, char **argv) {
    elf_version(EV_CURRENT);
    bool same = argc > 2;
    for (int i = 2; i < argc; i++) {
        char *debug = strchr(argv[i], ','); // "FILE,DEBUG-FILE"
        if (debug) {
            *debug++ = '\0';
        }
        same &= compare_file(argv[i], debug ? debug : argv[i], strtoul(argv[1], NULL, 10));
    }
    return !same;
}
