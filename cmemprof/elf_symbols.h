// elf_symbols.h (naming): looks up functions in a symbol table by address.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h.
#ifndef CMEMPROF_ELF_SYMBOLS_H
#define CMEMPROF_ELF_SYMBOLS_H

#include "namespace.h"
#include "elf_file.h"

struct elf_symbols {
    struct elf_symbol {
        uint64_t start, size; // start comes first: address_order.h
        const char *name;     // lives as long as the arena
        bool is_local;
    } * symbols;
    size_t count;
};

// type is SHT_SYMTAB or SHT_DYNSYM. Returns false if there is no function or memory runs out.
bool elf_symbols_read(struct elf_symbols *symbols, const struct elf_file *file, uint32_t type);
// The function at the address; NULL: there is none. Size 0: it extends to the next one.
const struct elf_symbol *elf_symbols_at(const struct elf_symbols *symbols, uint64_t address);
const char *elf_symbols_find(const struct elf_symbols *symbols, uint64_t address); // its name

#endif
