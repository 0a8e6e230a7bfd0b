// live.c: holds many blocks and prints the resident memory. bench/capture-memory builds it with and without libcmemprof.a.
//
// usage: live RATE BLOCKS SIZE
// Prints "rss KIB". Blocks are linked through a pointer in each.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef WITH_CMEMPROF
#include "../cmemprof/cmemprof.h"
#endif

static long resident_kib(void) {
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kib = -1;
    while (status && fgets(line, sizeof line, status)) {
        if (sscanf(line, "VmRSS: %ld", &kib) == 1) {
            break;
        }
    }
    if (status) {
        fclose(status);
    }
    return kib;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fputs("usage: live RATE BLOCKS SIZE\n", stderr);
        return 2;
    }
#ifdef WITH_CMEMPROF
    if (cmemprof_start(strtoull(argv[1], NULL, 10)) != CMEMPROF_OK) {
        return 1;
    }
#endif
    unsigned long blocks = strtoul(argv[2], NULL, 10), size = strtoul(argv[3], NULL, 10);
    void **last = NULL;
    for (unsigned long i = 0; i < blocks; i++) {
        void **block = malloc(size);
        if (!block) {
            return 1;
        }
        memset(block, 1, size);
        *block = last;
        last = block;
    }
    printf("rss %ld\n", resident_kib());
    return 0;
}
