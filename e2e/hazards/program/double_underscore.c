// double_underscore.c: programs that mix glibc's internal names (__libc_malloc, __libc_free, ...) with the plain ones. The hooks do not see
// the internal calls: a block that one side allocated is freed by the other, and addresses are reused whose free was never seen.

#include <stdlib.h>
#include <string.h>

#include "hazard.h"

enum { ROUNDS = 20000 };

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

static void mix(unsigned rounds) {
    for (unsigned i = 0; i < rounds; i++) {
        size_t size = 1 + i % 700;
        char *inner = __libc_malloc(size), *outer = malloc(size), *aligned = __libc_memalign(4096, size), *cleared = __libc_calloc(1, size);
        CHECK(inner && outer && aligned && cleared && cleared[size - 1] == 0, "no memory");
        memset(inner, 1, size);
        memset(outer, 2, size);
        memset(aligned, 3, size);
        inner = realloc(inner, size + 100);
        outer = __libc_realloc(outer, size + 100);
        CHECK(inner && outer && inner[size - 1] == 1 && outer[size - 1] == 2 && aligned[0] == 3, "contents");
        free(hazard_opaque(aligned));
        free(hazard_opaque(cleared));
        __libc_free(inner);
        __libc_free(outer);
    }
}

int main(void) {
    hazard_start();
    struct cmemprof_stats early, late;
    mix(ROUNDS / 10);
    hazard_stats(&early);
    mix(hazard_scaled(ROUNDS));
    hazard_stats(&late);
    // Some samples look live that are not: at most one per address that was in use at one time, and no more with each round. A reused
    // address is one block, whatever was seen of it before, so no table fills up.
    CHECK(late.live < early.live + 100, "%llu samples seem to be alive, %llu in the beginning", (unsigned long long)late.live,
          (unsigned long long)early.live);
    CHECK(late.lost_live == 0 && late.own_bytes < early.own_bytes + (1 << 20), "%llu lost, %llu own bytes, %llu in the beginning",
          (unsigned long long)late.lost_live, (unsigned long long)late.own_bytes, (unsigned long long)early.own_bytes);
    return hazard_finish();
}
