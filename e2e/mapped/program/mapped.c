// mapped.c: holds 20 MB that it has mapped and 30 MB from malloc, 8 MB of them in large blocks, and has unmapped 5 MB.
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MB = 1 << 20, SMALL = 22 * 1024, LARGE = 8 };

static void *volatile kept[SMALL + LARGE + 4];
static unsigned count;

static __attribute__((noinline)) void *map_some(size_t size) {
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
        abort();
    }
    return memset(base, 1, size);
}

static __attribute__((noinline)) void allocate_some(size_t size) {
    kept[count] = malloc(size);
    memset(kept[count++], 1, size);
}

int main(void) {
    char *base = map_some(15 * MB);
    munmap(base + 10 * MB, 5 * MB);
    kept[count++] = base;
    kept[count++] = mremap(map_some(4 * MB), 4 * MB, 10 * MB, MREMAP_MAYMOVE);
    for (int i = 0; i < SMALL; i++) {
        allocate_some(1024);
    }
    for (int i = 0; i < LARGE; i++) {
        allocate_some(MB);
    }
    return 0;
}
