// sites.c: C functions of a program with gaps between its segments. With main if built as a program (-DALONE), which writes its profile to
// the file given as argument.

#include <stdlib.h>

static void *volatile block;

__attribute__((noinline)) void c_site(void) {
    block = malloc(1000);
    free(block);
    __asm__ volatile("");
}

__attribute__((noinline)) void c_work(void) {
    c_site();
    __asm__ volatile("");
}

#ifdef ALONE
#include <stdint.h>
#include <stdio.h>

#include "cmemprof.h"

int main(int count, char **arguments) {
    uint8_t *bytes;
    size_t size;
    if (count != 2 || cmemprof_start(1) != CMEMPROF_OK) {
        return 1;
    }
    for (int i = 0; i < 100; i++) {
        c_work();
    }
    struct cmemprof_snapshot *snapshot = cmemprof_snapshot_take();
    FILE *file = fopen(arguments[1], "w");
    if (!snapshot || !file || cmemprof_snapshot_encode(snapshot, NULL, &bytes, &size) != CMEMPROF_OK ||
        fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        return 1;
    }
    return 0;
}
#endif
