// reserved_memory_test.c: only opened memory is usable and charged; an address space limit is respected.

#include "../../base/test/test.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "../../base/test/emulated.h"
#include "../reserved_memory.h"

enum { SIZE = (8 << 20) + 8192 };

// The number of writable bytes.
static size_t writable(const uint8_t *base) {
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long start, end;
    char rights[8], line[512];
    size_t sum = 0;
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps)) {
        assert_int_equal(sscanf(line, "%lx-%lx %7s", &start, &end, rights), 3);
        uintptr_t low = start > (uintptr_t)base ? start : (uintptr_t)base;
        uintptr_t high = end < (uintptr_t)base + SIZE ? end : (uintptr_t)base + SIZE;
        sum += low < high && rights[1] == 'w' ? high - low : 0;
    }
    fclose(maps);
    return sum;
}

TEST(opens_as_used) {
    _Atomic size_t open_bytes = 0;
    uint8_t *base = reserved_memory_map(SIZE);
    assert_non_null(base);
    assert_int_equal(writable(base), 0);
    for (size_t end = 1; end <= SIZE; end += end < SIZE - 5000 ? 4321 : 1) {
        assert_true(reserved_memory_open(base, SIZE, &open_bytes, end));
        assert_true(open_bytes >= end && open_bytes <= SIZE && open_bytes - end <= RESERVED_MEMORY_STEP_BYTES);
        base[end - 1] = 1;
    }
    assert_int_equal(writable(base), SIZE);
    munmap(base, SIZE);
}

TEST(failure_preserves_errno) {
    _Atomic size_t open_bytes = 0;
    uint8_t *base = reserved_memory_map(SIZE);
    munmap(base, SIZE);
    errno = 0;
    assert_false(reserved_memory_open(base, SIZE, &open_bytes, 1)); // unmapped
    assert_null(reserved_memory_map(SIZE_MAX / 2));
    assert_int_equal(open_bytes, 0);
    assert_int_equal(errno, 0);
}

enum { THREADS = 4 };

struct shared {
    uint8_t *base;
    _Atomic size_t open_bytes;
};

static void *use_all(void *context) {
    struct shared *shared = context;
    for (size_t at = 0; at < SIZE; at += 4096) {
        if (!reserved_memory_open(shared->base, SIZE, &shared->open_bytes, at + 1)) {
            return shared;
        }
        __atomic_fetch_add(&shared->base[at], 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

TEST(concurrent_opens) {
    struct shared shared = {.base = reserved_memory_map(SIZE)};
    pthread_t threads[THREADS];
    void *failed;
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use_all, &shared), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    for (size_t at = 0; at < SIZE; at += 4096) {
        assert_int_equal(shared.base[at], THREADS);
    }
    munmap(shared.base, SIZE);
}

TEST(a_limit_is_shared) {
    SKIP_EMULATED(EMULATED_LIMITS);
    const struct rlimit limit = {(rlim_t)1 << 40, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
    assert_int_equal(reserved_memory_share(SIZE), SIZE);
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    assert_int_equal(reserved_memory_share(SIZE), SIZE);
    assert_int_equal(reserved_memory_share((size_t)1 << 36), (size_t)1 << 35);
    assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
}

int main(void) {
    return tests_run();
}
