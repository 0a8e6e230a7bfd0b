// debug_seeds.c: writes seed inputs for debug_fuzz.c into the directory that is its first argument: the objects that follow, each with some
// addresses of its functions, or with the numbers 0 to 7 if it has none, as packages of split debug data do.

#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BYTES = 256 << 10, ADDRESSES = 3, SLOTS = 8 };

static void write_seed(const char *directory, const uint8_t *bytes, size_t size, uint64_t address) {
    static int count;
    char path[4096];
    snprintf(path, sizeof path, "%s/object-%d", directory, count++);
    FILE *file = fopen(path, "wb");
    if (!file) {
        perror(path);
        exit(1);
    }
    fwrite(&address, sizeof address, 1, file);
    fwrite(bytes, size, 1, file);
    fclose(file);
}

// Function addresses from the symbol table.
static size_t find_addresses(const uint8_t *bytes, uint64_t *addresses) {
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)bytes;
    const Elf64_Shdr *sections = (const Elf64_Shdr *)(bytes + head->e_shoff);
    size_t count = 0;
    for (size_t i = 0; i < head->e_shnum; i++) {
        const Elf64_Sym *symbols = (const Elf64_Sym *)(bytes + sections[i].sh_offset);
        for (size_t at = 0; sections[i].sh_type == SHT_SYMTAB && at < sections[i].sh_size / sizeof *symbols && count < ADDRESSES; at++) {
            if (ELF64_ST_TYPE(symbols[at].st_info) == STT_FUNC && symbols[at].st_size > 40) {
                addresses[count++] = symbols[at].st_value + 20;
            }
        }
    }
    return count;
}

int main(int argc, char **argv) {
    static uint8_t bytes[MAX_BYTES];
    for (int i = 2; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        size_t size = file ? fread(bytes, 1, sizeof bytes, file) : 0;
        uint64_t addresses[ADDRESSES];
        if (size == 0 || size == sizeof bytes) {
            fprintf(stderr, "%s cannot be read, or is large\n", argv[i]);
            return 1;
        }
        fclose(file);
        size_t count = find_addresses(bytes, addresses);
        for (uint64_t slot = 0; count == 0 && slot < SLOTS; slot++) {
            write_seed(argv[1], bytes, size, slot);
        }
        for (; count > 0; count--) {
            write_seed(argv[1], bytes, size, addresses[count - 1]);
        }
    }
    return argc > 2 ? 0 : 1;
}
