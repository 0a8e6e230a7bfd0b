// memory_profile.h: this process's memory profile, for tests of the files that make it.
#ifndef CMEMPROF_TEST_MEMORY_PROFILE_H
#define CMEMPROF_TEST_MEMORY_PROFILE_H

#include "../../base/test/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../memory_profile.h"
#include "../resident_pieces.h"

enum { KIB = 1 << 10, MIB = 1 << 20, PAGE = 4096 };

static inline void assert_near(uint64_t got, uint64_t want, uint64_t slack) {
    if (got > want + slack || want > got + slack) {
        fail_msg("%llu, want %llu", (unsigned long long)got, (unsigned long long)want);
    }
}

static inline uint64_t rollup_rss(void) {
    struct cmemprof_memory_rollup rollup;
    assert_true(cmemprof_memory_get_rollup(&rollup));
    return rollup.rss_bytes;
}

// Its parts add up, to the kernel's sum.
static inline struct cmemprof_memory_profile *taken(const struct cmemprof_go_memory *go, const struct cmemprof_allocator_stats *stats) {
    struct cmemprof_memory_profile *profile = cmemprof_memory_profile_take(go, stats);
    assert_non_null(profile);
    struct cmemprof_memory_figures figures;
    cmemprof_memory_profile_figures(profile, &figures);
    uint64_t sum = 0;
    for (int i = 0; i < CMEMPROF_MEMORY_PARTS; i++) {
        sum += figures.parts[i];
    }
    assert_true(figures.has_parts);
    assert_int_equal(sum, figures.rss_bytes);
    assert_near(sum, rollup_rss(), 4 * MIB);
    return profile;
}

static inline void *map(size_t size) {
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(at, MAP_FAILED);
    madvise(at, size, MADV_NOHUGEPAGE);
    return at;
}

#endif
