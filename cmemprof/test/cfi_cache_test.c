// cfi_cache_test.c: an entry is found under its address and no other, also while other threads write.

#include "../../base/test/test.h"

#include <pthread.h>

#include "../cfi_cache.h"

static struct cfi_cache cache;

static struct cfi_row row_for(uintptr_t address) {
    struct cfi_row row = {.valid = 1};
    cfi_row_set_offsets(&row, (int64_t)(address & 0x7ffff8), 0, 0);
    return row;
}

TEST(finds_entries) {
    struct cfi_row row = row_for(0x401000), out;
    assert_false(cfi_cache_get(&cache, 0x401000, &out));
    cfi_cache_put(&cache, 0x401000, &row);
    assert_true(cfi_cache_get(&cache, 0x401000, &out));
    assert_memory_equal(&row, &out, sizeof row);
    assert_false(cfi_cache_get(&cache, 0x401001, &out));
    cfi_cache_drop(&cache, 0x401000);
    assert_false(cfi_cache_get(&cache, 0x401000, &out));
    cfi_cache_put(&cache, 0x401000, &row);
    cfi_cache_clear(&cache);
    assert_false(cfi_cache_get(&cache, 0x401000, &out));
}

static void *put_and_get(void *context) {
    uintptr_t first = (uintptr_t)context;
    uintptr_t wrong = 0;
    for (uintptr_t i = 0; i < 300000; i++) {
        uintptr_t address = 0x400000 + first + i * 7 % 50000 * 16;
        struct cfi_row row = row_for(address), out;
        if (cfi_cache_get(&cache, address, &out)) {
            wrong += cfi_row_cfa_offset(&out) != cfi_row_cfa_offset(&row);
        }
        cfi_cache_put(&cache, address, &row);
    }
    return (void *)wrong;
}

TEST(torn_reads_miss) {
    pthread_t threads[3];
    for (uintptr_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, put_and_get, (void *)(i * 8)), 0);
    }
    for (int i = 0; i < 3; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
}

int main(void) {
    return tests_run();
}
