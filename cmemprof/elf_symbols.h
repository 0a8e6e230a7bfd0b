// elf_symbols.h: functions of a symbol table by address.
//
// Threads: guarded by the caller. Memory: symbolizer_arena.h.
#ifndef CMEMPROF_ELF_SYMBOLS_H
#define CMEMPROF_ELF_SYMBOLS_H

#include "namespace.h"
#include "elf_file.h"

struct elf_symbols {
    struct elf_symbol {
        uint64_t start, size; // start first: address_order.h
        const char *name;     // lives as long as the memory
        bool is_local;
    } * symbols;
    size_t count;
};

// type: SHT_SYMTAB or SHT_DYNSYM. False: there is no function, or no memory.
bool elf_symbols_read(struct elf_symbols *symbols, const struct elf_file *file, uint32_t type);
const char *elf_symbols_find(const struct elf_symbols *symbols, uint64_t address); // NULL: none

#endif
