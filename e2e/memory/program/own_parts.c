// own_parts.c: allocates 64 MiB by malloc in small blocks and maps 16 MiB, and prints the parts of its own memory profile: "KEY BYTES".
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cmemprof.h"

int main(void) {
    struct cmemprof_memory_figures figures;
    struct cmemprof_allocator_stats stats;
    if (cmemprof_start(CMEMPROF_DEFAULT_INTERVAL_BYTES) != CMEMPROF_OK) {
        return 1;
    }
    for (size_t bytes = 0; bytes < 64 << 20; bytes += 1024) {
        void *block = malloc(1024);
        if (!block) {
            return 1;
        }
        memset(block, 1, 1024);
        __asm__ volatile("" : : "r"(block) : "memory");
    }
    void *mapped = mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
        return 1;
    }
    memset(mapped, 1, 16 << 20);
    cmemprof_get_allocator_stats(&stats);
    struct cmemprof_memory_profile *profile = cmemprof_memory_profile_take(NULL, &stats);
    if (!profile) {
        return 1;
    }
    cmemprof_memory_profile_figures(profile, &figures);
    for (int i = 0; i < CMEMPROF_MEMORY_PARTS; i++) {
        printf("%s %llu\n", cmemprof_memory_part_key((enum cmemprof_memory_part)i), (unsigned long long)figures.parts[i]);
    }
    cmemprof_memory_profile_free(profile);
    return 0;
}
