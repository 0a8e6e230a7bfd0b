// instructions.c: malloc+free pairs for bench/instructions, which counts what they take.
//
// usage: instructions INTERVAL PAIRS SIZE
// INTERVAL is the sampling interval in bytes if cmemprof is linked (0: stopped), and is ignored otherwise. A thousand pairs go ahead, so
// that what is done once is done. Must be compiled with -fno-builtin-malloc, or the pairs would be optimized away.
#include <stdint.h>
#include <stdlib.h>

#ifdef WITH_CMEMPROF
#include "../cmemprof/cmemprof.h"
#endif

static __attribute__((noinline)) void pairs(uint64_t count, size_t size) {
    for (uint64_t i = 0; i < count; i++) {
        char *block = malloc(size);
        if (!block) {
            abort();
        }
        *(volatile char *)block = 1;
        free(block);
    }
}

int main(int argc, char **argv) {
    if (argc != 4) {
        return 2;
    }
#ifdef WITH_CMEMPROF
    uint64_t interval = strtoull(argv[1], NULL, 10);
    if (cmemprof_start(interval ? interval : CMEMPROF_DEFAULT_INTERVAL_BYTES) != CMEMPROF_OK) {
        return 1;
    }
    if (interval == 0) {
        cmemprof_stop();
    }
#endif
    pairs(1000 + strtoull(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
    return 0;
}
