// family.c: every allocation function of C, each in a function of its own that frees part of its blocks. Blocks are written and read back.

#include <malloc.h>
#include <string.h>

#include "report.h"

enum { BLOCKS = 100, BLOCK_BYTES = 3000, KEPT = 40 };

#define SITE __attribute__((noinline, noclone)) static void *

SITE site_malloc(void) {
    void *volatile block = malloc(BLOCK_BYTES);
    return block;
}
SITE site_calloc(void) {
    void *volatile block = calloc(BLOCK_BYTES / 10, 10);
    return block;
}
SITE site_realloc(void) {
    char *small = malloc(10);
    CHECK(small);
    memset(small, 7, 10);
    char *volatile block = realloc(small, BLOCK_BYTES);
    CHECK(block && block[0] == 7 && block[9] == 7);
    return block;
}
SITE site_aligned_alloc(void) {
    void *volatile block = aligned_alloc(8, BLOCK_BYTES);
    return block;
}
SITE site_memalign(void) {
    void *volatile block = memalign(8192, BLOCK_BYTES);
    CHECK((uintptr_t)block % 8192 == 0);
    return block;
}
SITE site_posix_memalign(void) {
    void *block = NULL;
    CHECK(posix_memalign(&block, 64, BLOCK_BYTES) == 0 && (uintptr_t)block % 64 == 0);
    void *volatile result = block;
    return result;
}
SITE site_valloc(void) {
    void *volatile block = valloc(BLOCK_BYTES);
    CHECK((uintptr_t)block % 4096 == 0);
    return block;
}

static void *(*const sites[])(void) = {site_malloc,   site_calloc,         site_realloc, site_aligned_alloc,
                                       site_memalign, site_posix_memalign, site_valloc};
enum { SITES = sizeof sites / sizeof *sites };
static unsigned char *blocks[SITES][BLOCKS];

int main(int argc, char **argv) {
    (void)argc;
    CHECK(cmemprof_start(1) == CMEMPROF_OK);
    report_allocator("before");
    for (size_t site = 0; site < SITES; site++) {
        for (size_t i = 0; i < BLOCKS; i++) {
            CHECK((blocks[site][i] = sites[site]()) && malloc_usable_size(blocks[site][i]) >= BLOCK_BYTES);
            memset(blocks[site][i], (int)(site * BLOCKS + i), BLOCK_BYTES);
        }
    }
    report_allocator("during");
    for (size_t site = 0; site < SITES; site++) {
        for (size_t i = KEPT; i < BLOCKS; i++) {
            CHECK(blocks[site][i][0] == (unsigned char)(site * BLOCKS + i) && blocks[site][i][BLOCK_BYTES - 1] == blocks[site][i][0]);
            free(blocks[site][i]);
        }
    }
    report_allocator("after");
    report_profile(argv[1]);
    return 0;
}
