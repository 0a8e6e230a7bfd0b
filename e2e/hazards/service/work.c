// work.c: called by service/main.go: allocations of all kinds, with a pause in C so that many goroutines are in C at one time.

#include "work.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static unsigned next(unsigned *random) {
    return *random = *random * 1664525 + 1013904223;
}

__attribute__((noinline)) int allocate_in_c(unsigned seed, int rounds, long pause_ns) {
    enum { BLOCKS = 16 };
    unsigned char *blocks[BLOCKS] = {0};
    size_t sizes[BLOCKS] = {0};
    int wrong = 0;
    for (int i = 0; i < rounds; i++) {
        unsigned at = next(&seed) >> 8 & (BLOCKS - 1);
        if (blocks[at]) {
            wrong += blocks[at][0] != at || blocks[at][sizes[at] - 1] != at;
        }
        if ((next(&seed) >> 16 & 3) == 0) {
            free(blocks[at]);
            blocks[at] = NULL;
            continue;
        }
        sizes[at] = 1 + (next(&seed) >> 8) % 3000;
        blocks[at] = realloc(blocks[at], sizes[at]);
        memset(blocks[at], (int)at, sizes[at]);
    }
    nanosleep(&(struct timespec){0, pause_ns}, NULL);
    for (int i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
    }
    return wrong;
}
