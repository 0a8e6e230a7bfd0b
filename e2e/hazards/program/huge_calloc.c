// huge_calloc.c: calloc does not touch memory that is fresh from the kernel, so it costs nothing until it is used, and a huge block still
// grows by moving pages instead of bytes. Checks which pages are resident.

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hazard.h"

#define MIB ((size_t)1 << 20)

static long resident_bytes(void) {
    long size, resident;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%ld %ld", &size, &resident) == 2, "statm");
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static void check_resident(long before, size_t allowed, const char *what, size_t size) {
    long grown = resident_bytes() - before;
    CHECK(grown < (long)allowed, "%s of %zu MiB: %ld KiB are resident", what, size / MIB, grown / 1024);
}

int main(void) {
    hazard_start();
    hazard_churn(1, 100);
    static const size_t sizes[] = {1, 4, 30, 33, 100, 1024};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = sizes[i] * MIB;
        long before = resident_bytes();
        char *block = calloc(size / 1024, 1024);
        CHECK(block && block[0] == 0 && block[size / 2] == 0 && block[size - 1] == 0, "calloc of %zu MiB", sizes[i]);
        check_resident(before, MIB / 2, "calloc", size);
        block[size - 1] = 1;
        block = realloc(block, size * 2);
        CHECK(block && block[size - 1] == 1, "realloc of %zu MiB", sizes[i]);
        check_resident(before, MIB / 2, "realloc", size);
        free(block);
        // The same for malloc and aligned blocks.
        block = malloc(size);
        CHECK(block, "malloc of %zu MiB", sizes[i]);
        check_resident(before, MIB / 2, "malloc", size);
        free(block);
        block = aligned_alloc(64, size);
        CHECK(block, "aligned_alloc of %zu MiB", sizes[i]);
        check_resident(before, MIB / 2, "aligned_alloc", size);
        free(block);
    }
    return hazard_finish();
}
