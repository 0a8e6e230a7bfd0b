// elf_symbols.c (naming): see elf_symbols.h.

#include "elf_symbols.h"

#include "address_order.h"

// Symbols before the containing function: aliases and shorter ones.
enum { MAX_TRIED = 16 };

static bool is_function(const Elf64_Sym *symbol) {
    unsigned type = ELF64_ST_TYPE(symbol->st_info);
    return symbol->st_shndx != SHN_UNDEF && symbol->st_value != 0 && (type == STT_FUNC || type == STT_GNU_IFUNC);
}

// Termination is not checked per name: the string table ends with NUL, so all names do.
static struct dwarf_bytes names_of(const struct elf_file *file, const Elf64_Shdr *table) {
    Elf64_Shdr header;
    struct dwarf_bytes none = {0};
    if (!elf_file_section_at(file, table->sh_link, &header) || header.sh_type == SHT_NOBITS || (header.sh_flags & SHF_COMPRESSED) != 0) {
        return none;
    }
    struct dwarf_bytes names = elf_file_bytes(file, header.sh_offset, header.sh_size);
    return names.at < names.end && names.end[-1] == '\0' ? names : none;
}

static bool find_table(const struct elf_file *file, uint32_t type, Elf64_Shdr *table) {
    for (size_t i = 1; elf_file_section_at(file, i, table); i++) {
        if (table->sh_type == type && table->sh_entsize == sizeof(Elf64_Sym) && (table->sh_flags & SHF_COMPRESSED) == 0) {
            return true;
        }
    }
    return false;
}

static size_t read_symbols(struct elf_symbol *to, struct dwarf_bytes table, struct dwarf_bytes names) {
    size_t count = 0;
    Elf64_Sym symbol;
    for (; dwarf_bytes_left(&table) >= sizeof symbol; table.at += sizeof symbol) {
        memcpy(&symbol, table.at, sizeof symbol);
        if (is_function(&symbol) && symbol.st_name < dwarf_bytes_left(&names) && names.at[symbol.st_name] != '\0') {
            if (to) {
                to[count] = (struct elf_symbol){symbol.st_value, symbol.st_size, (const char *)names.at + symbol.st_name,
                                                ELF64_ST_BIND(symbol.st_info) == STB_LOCAL};
            }
            count++;
        }
    }
    return count;
}

bool elf_symbols_read(struct elf_symbols *symbols, const struct elf_file *file, uint32_t type) {
    Elf64_Shdr header;
    *symbols = (struct elf_symbols){0};
    if (!find_table(file, type, &header)) {
        return false;
    }
    struct dwarf_bytes table = elf_file_bytes(file, header.sh_offset, header.sh_size), names = names_of(file, &header);
    size_t count = read_symbols(NULL, table, names);
    symbols->symbols = count > 0 ? symbolizer_arena_alloc(file->memory, count * sizeof *symbols->symbols) : NULL;
    if (symbols->symbols) {
        read_symbols(symbols->symbols, table, names);
    }
    elf_file_drop(file, table);
    if (!symbols->symbols) {
        elf_file_drop(file, names);
        return false;
    }
    symbols->count = address_sort(file->memory, symbols->symbols, count, sizeof *symbols->symbols) ? count : 0;
    return symbols->count > 0;
}

static size_t underscores(const char *name) {
    return strspn(name, "_");
}

// Prefers the author's name among aliases: "getpid" to "__getpid" and to the library's internal "__GI_getpid".
static bool is_better(const struct elf_symbol *a, const struct elf_symbol *b) {
    if (a->is_local != b->is_local) {
        return !a->is_local;
    }
    return underscores(a->name) < underscores(b->name);
}

const struct elf_symbol *elf_symbols_at(const struct elf_symbols *symbols, uint64_t address) {
    size_t end = address_upper_bound(symbols->symbols, symbols->count, sizeof *symbols->symbols, address);
    const struct elf_symbol *found = NULL;
    // Aliases share a start. Assembly functions may have size 0: they extend to the next function.
    for (size_t i = end; i-- > 0 && end - i <= MAX_TRIED;) {
        const struct elf_symbol *symbol = &symbols->symbols[i];
        if (found && symbol->start != found->start) {
            break;
        }
        bool has = symbol->size == 0 ? symbol->start == symbols->symbols[end - 1].start : address - symbol->start < symbol->size;
        if (has && (!found || !is_better(found, symbol))) { // the first among equals
            found = symbol;
        }
    }
    return found;
}

const char *elf_symbols_find(const struct elf_symbols *symbols, uint64_t address) {
    const struct elf_symbol *found = elf_symbols_at(symbols, address);
    return found ? found->name : NULL;
}
