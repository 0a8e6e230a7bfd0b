// sites.c: allocates before and after a callback.

#include <stdlib.h>

#include "_cgo_export.h"

static void *volatile kept[256];
static int count;

__attribute__((noinline)) void c_site(void) {
    kept[count++ & 255] = malloc(1000);
    __asm__ volatile("");
}

__attribute__((noinline)) void c_work(void) {
    c_site();
    goCallback();
    c_site();
    __asm__ volatile("");
}
