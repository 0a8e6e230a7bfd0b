// resident_go.c (resident): the heap of Go's runtime.
//
// runtime.mheap_ holds slices of the numbers of all arenas of 64 MiB (allArenas until Go 1.24; heapArenas since). Their offsets differ by
// version, so every word triple of mheap_ that may be such a slice is looked at, and counts if each of its numbers is an arena that is
// mapped. Arena n begins at n * 64 MiB + GO_ARENA_BASE.
//
// Without a symbol table a Go program's heap is known by where it lies: Go asks for arenas at addresses of its own choice, far from where
// the kernel puts mappings.

#include "resident_go.h"

#include <stdio.h>
#include <string.h>

#include "elf_file.h"
#include "address_order.h"
#include "resident_pieces.h"

enum { MIN_HEAP_BYTES = 64 << 10, MAX_HEAP_BYTES = 1 << 20, MAX_ARENAS = 1 << 16, SYMBOLS_AT_ONCE = 512 };
#define FAR_BYTES (UINT64_C(1) << 40)

struct slice {
    uint64_t at, length, capacity;
};

static bool is_named(const struct elf_file *file, uint64_t name, const char *expected) {
    char text[32];
    size_t size = strlen(expected) + 1;
    return size <= sizeof text && elf_file_read(file, name, text, size) && memcmp(text, expected, size) == 0;
}

// Reads the table piece by piece, and the names of those alone whose size fits: in a large program it has 100,000 symbols, and this runs
// inside of it.
static bool find_heap(const struct elf_file *file, Elf64_Sym *found) {
    Elf64_Shdr table, strings;
    Elf64_Sym symbols[SYMBOLS_AT_ONCE];
    for (size_t i = 1; elf_file_section_at(file, i, &table); i++) {
        if (table.sh_type != SHT_SYMTAB || table.sh_entsize != sizeof *symbols || !elf_file_section_at(file, table.sh_link, &strings)) {
            continue;
        }
        uint64_t count = table.sh_size / sizeof *symbols;
        for (uint64_t first = 0; first < count; first += SYMBOLS_AT_ONCE) {
            size_t here = count - first < SYMBOLS_AT_ONCE ? count - first : SYMBOLS_AT_ONCE;
            if (!elf_file_read(file, table.sh_offset + first * sizeof *symbols, symbols, here * sizeof *symbols)) {
                return false;
            }
            for (size_t k = 0; k < here; k++) {
                if (symbols[k].st_size >= MIN_HEAP_BYTES && symbols[k].st_size <= MAX_HEAP_BYTES &&
                    is_named(file, strings.sh_offset + symbols[k].st_name, "runtime.mheap_")) {
                    *found = symbols[k];
                    return true;
                }
            }
        }
    }
    return false;
}

// From the file's addresses to the process's. False: the program is not mapped as a whole.
static bool find_bias(const struct resident *resident, const struct elf_file *file, uint64_t *bias) {
    Elf64_Phdr segment;
    for (size_t i = 0; elf_file_segment_at(file, i, &segment); i++) {
        if (segment.p_type == PT_LOAD) {
            for (size_t k = 0; k < resident->piece_count; k++) {
                if (resident->pieces[k].part == RESIDENT_PROGRAM) {
                    *bias = resident->pieces[k].low - segment.p_vaddr / 4096 * 4096;
                    return true;
                }
            }
        }
    }
    return false;
}

static uint64_t arena_at(uint64_t number) {
    return number * GO_ARENA_BYTES + GO_ARENA_BASE;
}

static bool is_arena(const struct resident *resident, uint64_t number) {
    if (number == 0 || number > UINT64_C(1) << 22) {
        return false;
    }
    uint64_t at = arena_at(number);
    size_t count = address_upper_bound(resident->pieces, resident->piece_count, sizeof *resident->pieces, at + GO_ARENA_BYTES - 1);
    const struct resident_piece *piece = count > 0 ? &resident->pieces[count - 1] : NULL;
    return piece && piece->high > at && piece->is_private && !piece->has_file;
}

static bool claim_slice(struct resident *resident, const struct slice *slice, uint32_t name) {
    if (slice->length == 0 || slice->length > slice->capacity || slice->capacity > MAX_ARENAS || slice->at % 8 != 0 ||
        !resident_piece_at(resident, slice->at)) {
        return false;
    }
    size_t bytes = slice->length * sizeof(uint64_t);
    uint64_t first; // of most slices it is no arena's
    if (!resident_bytes(resident, slice->at, &first, sizeof first) || !is_arena(resident, first)) {
        return false;
    }
    uint64_t *numbers = symbolizer_arena_alloc(&resident->memory, bytes);
    bool is_list = numbers && resident_bytes(resident, slice->at, numbers, bytes);
    for (size_t i = 0; is_list && i < slice->length; i++) {
        is_list = is_arena(resident, numbers[i]);
    }
    for (size_t i = 0; is_list && i < slice->length; i++) {
        resident_claim(resident, arena_at(numbers[i]), arena_at(numbers[i]) + GO_ARENA_BYTES, RESIDENT_GO_HEAP, name);
    }
    return is_list;
}

static void remember_list(struct resident_go *go, size_t word) {
    size_t i = 0;
    while (i < go->list_count && go->lists[i] != word) {
        i++;
    }
    if (i == go->list_count && i < GO_LISTS) {
        go->lists[go->list_count++] = (uint32_t)word;
    }
}

static bool claim_known_lists(struct resident *resident, uint32_t name) {
    const struct resident_go *go = &resident->go;
    for (size_t i = 0; i < go->list_count; i++) {
        struct slice slice;
        if (resident_bytes(resident, go->address + go->lists[i] * sizeof(uint64_t), &slice, sizeof slice)) {
            resident->knows_go_heap |= claim_slice(resident, &slice, name);
        }
    }
    return resident->knows_go_heap;
}

// Hundreds of triples look like a slice until they are followed. So after some searches only those are looked at that were lists of arenas:
// the runtime may be about to make one longer, which then is no list at that moment.
static void find_by_list(struct resident *resident, uint32_t name) {
    struct resident_go *go = &resident->go;
    if (go->searches >= GO_SEARCHES && go->list_count < GO_LISTS && claim_known_lists(resident, name)) {
        return;
    }
    uint64_t *words = go->address != 0 ? symbolizer_arena_alloc(&resident->memory, go->size + sizeof(struct slice)) : NULL;
    if (!words || !resident_bytes(resident, go->address, words, go->size)) {
        return;
    }
    for (size_t i = 0; i + 3 <= go->size / sizeof *words; i++) {
        struct slice slice;
        memcpy(&slice, words + i, sizeof slice);
        if (claim_slice(resident, &slice, name)) {
            resident->knows_go_heap = true;
            remember_list(go, i);
        }
    }
    go->searches += resident->knows_go_heap && go->searches < GO_SEARCHES;
}

static void find_by_place(struct resident *resident, uint32_t name) {
    uint64_t libraries = 0, program = 0;
    for (size_t i = 0; i < resident->piece_count; i++) {
        const struct resident_piece *piece = &resident->pieces[i];
        libraries = libraries == 0 && piece->part == RESIDENT_LIBRARIES ? piece->low : libraries;
        program = piece->part == RESIDENT_PROGRAM || piece->part == RESIDENT_MALLOC ? piece->high : program;
    }
    for (size_t i = 0; i < resident->piece_count; i++) {
        struct resident_piece piece = resident->pieces[i];
        if (resident_is_anonymous(&piece) && piece.low > program && (libraries == 0 || piece.high + FAR_BYTES < libraries)) {
            resident_claim(resident, piece.low, piece.high, RESIDENT_GO_HEAP, name);
        }
    }
}

static void look_into_program(struct resident *resident) {
    struct elf_file file;
    Elf64_Shdr section;
    Elf64_Sym heap;
    uint64_t bias;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/exe", (int)resident->pid);
    if (!elf_file_open(&file, path, &resident->memory)) {
        return;
    }
    struct resident_go *go = &resident->go;
    *go = (struct resident_go){.is_known = true};
    go->is_go = elf_file_section(&file, ".go.buildinfo", &section) || elf_file_section(&file, ".note.go.buildid", &section);
    if (go->is_go && find_heap(&file, &heap) && find_bias(resident, &file, &bias)) {
        go->address = heap.st_value + bias;
        go->size = heap.st_size;
    }
    elf_file_close(&file);
}

void resident_find_go(struct resident *resident) {
    if (!resident->go.is_known) {
        look_into_program(resident);
    }
    if (resident->go.is_go) {
        uint32_t name = resident_name(resident, "arenas");
        if (resident->reads_bytes) {
            find_by_list(resident, name);
        }
        if (!resident->knows_go_heap) {
            find_by_place(resident, name);
        }
    }
}
