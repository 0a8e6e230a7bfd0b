// plt.c: see plt.h.
#include "plt.h"
#include "../../cmemprof/address_order.h"

#include <elf.h>
#include <string.h>

static uint32_t word(const uint8_t *code) {
    return code[0] | (uint32_t)code[1] << 8 | (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24;
}

// [endbr64] [bnd] jmp *displacement(%rip)
static uint64_t slot_amd64(const uint8_t *code, uint64_t address) {
    size_t at = word(code) == 0xfa1e0ff3 ? 4 : 0;
    at += code[at] == 0xf2;
    return code[at] == 0xff && code[at + 1] == 0x25 ? address + at + 6 + (uint64_t)(int64_t)(int32_t)word(code + at + 2) : 0;
}

// [bti c] adrp x16, PAGE; ldr x17, [x16, OFFSET]
static uint64_t slot_arm64(const uint8_t *code, uint64_t address) {
    size_t at = word(code) == 0xd503245f ? 4 : 0;
    uint32_t page = word(code + at), load = word(code + at + 4);
    if ((page & 0x9f00001f) != 0x90000010 || (load & 0xffc003ff) != 0xf9400211) {
        return 0;
    }
    uint64_t pages = (uint64_t)(page >> 5 & 0x7ffff) << 2 | (page >> 29 & 3); // 21 bits, signed
    pages = pages & 1 << 20 ? pages | ~(uint64_t)0x1fffff : pages;
    return ((address + at) & ~(uint64_t)0xfff) + (pages << 12) + ((uint64_t)(load >> 10 & 0xfff) << 3);
}

uint64_t plt_slot_of(unsigned elf_machine, const uint8_t *code, uint64_t address) {
    return elf_machine == EM_X86_64 ? slot_amd64(code, address) : elf_machine == EM_AARCH64 ? slot_arm64(code, address) : 0;
}

// ---- Whose slots they are ----

static bool read_section(const struct elf_file *file, const char *name, struct dwarf_bytes *bytes) {
    Elf64_Shdr header;
    if (!elf_file_section(file, name, &header) || (header.sh_flags & SHF_COMPRESSED) != 0) {
        return false;
    }
    *bytes = elf_file_bytes(file, header.sh_offset, header.sh_size);
    return dwarf_bytes_left(bytes) > 0;
}

static bool is_slot(uint32_t type) {
    return type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT || type == R_AARCH64_JUMP_SLOT || type == R_AARCH64_GLOB_DAT;
}

static const char *name_of(const struct dwarf_bytes *symbols, const struct dwarf_bytes *names, uint64_t index) {
    Elf64_Sym symbol;
    if (index == 0 || index >= dwarf_bytes_left(symbols) / sizeof symbol) {
        return NULL;
    }
    memcpy(&symbol, symbols->at + index * sizeof symbol, sizeof symbol);
    return symbol.st_name < dwarf_bytes_left(names) && names->at[symbol.st_name] ? (const char *)names->at + symbol.st_name : NULL;
}

static void add_slots(struct plt *plt, struct dwarf_bytes table, const struct dwarf_bytes *symbols, const struct dwarf_bytes *names,
                      size_t capacity) {
    Elf64_Rela one;
    for (; dwarf_bytes_left(&table) >= sizeof one && plt->count < capacity; table.at += sizeof one) {
        memcpy(&one, table.at, sizeof one);
        const char *name = is_slot(ELF64_R_TYPE(one.r_info)) ? name_of(symbols, names, ELF64_R_SYM(one.r_info)) : NULL;
        if (name) {
            plt->slots[plt->count++] = (struct plt_slot){one.r_offset, name};
        }
    }
}

static void read_slots(struct plt *plt, const struct elf_file *file) {
    static const char *const tables[] = {".rela.plt", ".rela.dyn"};
    struct dwarf_bytes symbols, names, table[2] = {0};
    size_t capacity = 0;
    plt->is_read = true;
    if (!read_section(file, ".dynsym", &symbols) || !read_section(file, ".dynstr", &names) || names.end[-1] != '\0') {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        capacity += read_section(file, tables[i], &table[i]) ? dwarf_bytes_left(&table[i]) / sizeof(Elf64_Rela) : 0;
    }
    plt->slots = capacity > 0 ? symbolizer_arena_alloc(file->memory, capacity * sizeof *plt->slots) : NULL;
    for (size_t i = 0; plt->slots && i < 2; i++) {
        add_slots(plt, table[i], &symbols, &names, capacity);
        elf_file_drop(file, table[i]);
    }
    plt->count = plt->count > 0 && address_sort(file->memory, plt->slots, plt->count, sizeof *plt->slots) ? plt->count : 0;
}

const char *plt_name(struct plt *plt, const struct elf_file *file, uint64_t slot) {
    if (!plt->is_read) {
        read_slots(plt, file);
    }
    size_t end = address_upper_bound(plt->slots, plt->count, sizeof *plt->slots, slot);
    return end > 0 && plt->slots[end - 1].start == slot ? plt->slots[end - 1].name : NULL;
}
