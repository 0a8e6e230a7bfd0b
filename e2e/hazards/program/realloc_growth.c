// realloc_growth.c: a block that grows or shrinks by realloc stays one block: in use once, with its last size, and not at all after free
// (jemalloc#557). Whether it is sampled, and its address, may change at every step.

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "hazard.h"

enum { VECTORS = 40 };
#define MOST ((size_t)3 << 20)

static void check_in_use(uint64_t before, uint64_t vectors, const char *when) {
    struct cmemprof_stats stats;
    hazard_stats(&stats);
    CHECK(stats.live <= before + vectors, "%s: %llu samples are alive, %llu before", when, (unsigned long long)stats.live,
          (unsigned long long)before);
    CHECK(hazard_rate() != 1 || stats.live + stats.lost_live >= before + vectors, "%s: %llu alive, %llu before", when,
          (unsigned long long)stats.live, (unsigned long long)before);
}

int main(void) {
    struct cmemprof_stats at_start, at_end;
    hazard_start();
    static unsigned char *vectors[VECTORS];
    hazard_churn(1, 10);
    hazard_stats(&at_start);
    for (unsigned round = 0; round < hazard_scaled(2); round++) {
        size_t size = 16;
        for (size_t old = 0; size < MOST; old = size, size += size / 2) {
            for (int i = 0; i < VECTORS; i++) {
                vectors[i] = realloc(vectors[i], size);
                CHECK(vectors[i] && malloc_usable_size(vectors[i]) >= size, "realloc");
                CHECK(old == 0 || (vectors[i][0] == i && vectors[i][old - 1] == i), "contents at %zu bytes", old);
                memset(vectors[i] + old, i, size - old);
            }
            check_in_use(at_start.live, VECTORS, "growing");
        }
        for (; size > 100; size /= 3) {
            for (int i = 0; i < VECTORS; i++) {
                vectors[i] = reallocarray(vectors[i], size / 3, 1);
                CHECK(vectors[i] && vectors[i][0] == i && vectors[i][size / 3 - 1] == i, "contents when shrinking");
            }
            check_in_use(at_start.live, VECTORS, "shrinking");
        }
        for (int i = 0; i < VECTORS; i++) {
            free(vectors[i]);
            vectors[i] = NULL;
        }
        hazard_stats(&at_end);
        CHECK(at_end.live == at_start.live, "%llu samples are alive, %llu before", (unsigned long long)at_end.live,
              (unsigned long long)at_start.live);
    }
    return hazard_finish();
}
