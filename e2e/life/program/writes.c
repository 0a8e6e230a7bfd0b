// writes.c: a program without the profiler. It allocates for a fifth of a second and prints what it found.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(void) {
    enum { BLOCKS = 100 };
    unsigned char *blocks[BLOCKS] = {0};
    int wrong = 0;
    for (double end = seconds() + 0.2; seconds() < end;) {
        for (size_t i = 0; i < BLOCKS; i++) {
            size_t size = i * 97 + 1;
            wrong += blocks[i] && (blocks[i][0] != (unsigned char)i || blocks[i][size - 1] != (unsigned char)i);
            free(blocks[i]);
            blocks[i] = malloc(size);
            memset(blocks[i], (int)i, size);
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    printf("%d wrong\n", wrong);
    return 0;
}
