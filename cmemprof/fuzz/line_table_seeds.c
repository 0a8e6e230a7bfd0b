// line_table_seeds.c: writes seed inputs for line_table_fuzz.c into the directory that is its first argument: each line number program of
// the objects that follow, whole and truncated.

#include <fcntl.h>
#include <gelf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_BYTES = 16 * 1024 };

struct section {
    const uint8_t *bytes;
    size_t size;
};

static struct section section_of(Elf *elf, const char *wanted) {
    size_t names;
    GElf_Shdr header;
    elf_getshdrstrndx(elf, &names);
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
        if (gelf_getshdr(section, &header) && strcmp(elf_strptr(elf, names, header.sh_name), wanted) == 0) {
            Elf_Data *data = elf_rawdata(section, NULL);
            return (struct section){data->d_buf, data->d_size};
        }
    }
    return (struct section){0};
}

static void write_seed(const char *directory, const uint8_t *program, size_t size, struct section texts) {
    static int count;
    char path[4096];
    uint32_t words[2] = {(uint32_t)size, 0x1100};
    snprintf(path, sizeof path, "%s/program-%d", directory, count++);
    FILE *file = fopen(path, "wb");
    if (!file) {
        perror(path);
        exit(1);
    }
    fwrite(words, sizeof words, 1, file);
    fwrite(program, size, 1, file);
    fwrite(texts.bytes, texts.size, 1, file);
    fclose(file);
}

static int write_programs(const char *directory, Elf *elf) {
    struct section line = section_of(elf, ".debug_line"), texts = section_of(elf, ".debug_line_str");
    int count = 0;
    for (size_t at = 0, size; at + 12 < line.size; at += size) {
        uint32_t first;
        uint64_t long_size;
        memcpy(&first, line.bytes + at, sizeof first);
        memcpy(&long_size, line.bytes + at + 4, sizeof long_size);
        size = first == UINT32_MAX ? 12 + long_size : 4 + (size_t)first;
        if (size + texts.size < MAX_BYTES) {
            write_seed(directory, line.bytes + at, size, texts);
            write_seed(directory, line.bytes + at, size * 2 / 3, texts);
            count++;
        }
    }
    return count;
}

int main(int argc, char **argv) {
    elf_version(EV_CURRENT);
    for (int i = 2; i < argc; i++) {
        int descriptor = open(argv[i], O_RDONLY);
        Elf *elf = elf_begin(descriptor, ELF_C_READ_MMAP, NULL);
        if (write_programs(argv[1], elf) == 0) {
            fprintf(stderr, "%s has no line number program, or only large ones\n", argv[i]);
            return 1;
        }
        elf_end(elf);
        close(descriptor);
    }
    return argc > 2 ? 0 : 1;
}
