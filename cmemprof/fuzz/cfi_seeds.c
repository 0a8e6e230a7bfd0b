// cfi_seeds.c: writes seed inputs for cfi_fuzz.c into the given directory: the tables of this process's own objects, whole if small,
// otherwise only the first entries.

#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { MAX_BYTES = 48 * 1024, TABLE = 12, PAIR = 8 };

struct output {
    const char *directory;
    int count;
};

static void write_seed(struct output *output, const uint8_t *hdr, const uint8_t *end, uint32_t pairs) {
    char path[4096];
    int32_t words[2] = {0};
    uint32_t count = pairs;
    size_t size = (size_t)(end - hdr);
    snprintf(path, sizeof path, "%s/object-%d", output->directory, output->count++);
    FILE *file = fopen(path, "wb");
    if (!file) {
        perror(path);
        return;
    }
    memcpy(&words[1], hdr + TABLE, sizeof words[1]);
    size = size < MAX_BYTES ? size : MAX_BYTES;
    fwrite(words, sizeof words, 1, file);
    fwrite(hdr, TABLE - sizeof count, 1, file);
    fwrite(&count, sizeof count, 1, file);
    fwrite(hdr + TABLE, size - TABLE, 1, file);
    fclose(file);
}

static int visit(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    const uint8_t *hdr = NULL, *end = NULL;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_GNU_EH_FRAME) {
            hdr = (const uint8_t *)(info->dlpi_addr + segment->p_vaddr);
        }
    }
    for (int i = 0; i < info->dlpi_phnum && hdr; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const uint8_t *start = (const uint8_t *)(info->dlpi_addr + segment->p_vaddr);
        if (segment->p_type == PT_LOAD && hdr >= start && hdr < start + segment->p_filesz) {
            end = start + segment->p_filesz;
        }
    }
    if (hdr && end - hdr > TABLE + PAIR) {
        uint32_t pairs;
        memcpy(&pairs, hdr + TABLE - sizeof pairs, sizeof pairs);
        write_seed(context, hdr, end, pairs);
    }
    return 0;
}

// Several kinds of frame for this program's own table.
static __attribute__((noinline)) void use(void *memory) {
    __asm__ volatile("" : : "r"(memory) : "memory");
}
static __attribute__((noinline)) void realigned(size_t size) {
    _Alignas(64) char padding[128];
    use(padding);
    use(__builtin_alloca(size));
}
static __attribute__((noinline, optimize("no-omit-frame-pointer"))) int with_frame_pointer(int number) {
    int padding[20];
    use(padding);
    return number > 0 ? with_frame_pointer(number - 1) + padding[0] * 0 : 0;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: cfi_seeds DIRECTORY\n");
        return 2;
    }
    realigned((size_t)argc);
    with_frame_pointer(argc);
    struct output output = {.directory = argv[1]};
    dl_iterate_phdr(visit, &output);
    return output.count > 0 ? 0 : 1;
}
