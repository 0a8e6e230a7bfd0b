// allocator_stats_test.c: glibc's figures follow what is allocated. The other allocators are tested in e2e/allocators.

#include "../../base/test/test.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <malloc.h>
#include <sys/mman.h>

#include "../../base/test/emulated.h"
#include "../allocator_stats.h"

#ifdef __aarch64__
#define FIRST_GLIBC "GLIBC_2.17"
#else
#define FIRST_GLIBC "GLIBC_2.2.5"
#endif

static struct cmemprof_allocator_stats now(void) {
    struct cmemprof_allocator_stats stats;
    cmemprof_get_allocator_stats(&stats);
    return stats;
}

TEST(bytes_in_use_follow_the_program) {
    enum { BLOCKS = 1000, BLOCK_BYTES = 10000 };
    static void *blocks[BLOCKS];
    struct cmemprof_allocator_stats before = now();
    assert_string_equal(before.name, "glibc");
    for (size_t i = 0; i < BLOCKS; i++) {
        assert_non_null(blocks[i] = malloc(BLOCK_BYTES));
        memset(blocks[i], 1, BLOCK_BYTES);
    }
    struct cmemprof_allocator_stats during = now();
    assert_in_range(during.in_use_bytes - before.in_use_bytes, BLOCKS * BLOCK_BYTES, BLOCKS * (BLOCK_BYTES + 100));
    // Every second one stays, so that the others cannot return to the kernel.
    for (size_t i = 0; i < BLOCKS; i += 2) {
        free(blocks[i]);
    }
    struct cmemprof_allocator_stats after = now();
    assert_in_range(during.in_use_bytes - after.in_use_bytes, BLOCKS / 2 * BLOCK_BYTES, BLOCKS / 2 * (BLOCK_BYTES + 100));
    assert_in_range(after.retained_bytes, BLOCKS / 2 * BLOCK_BYTES, after.mapped_bytes);
    assert_in_range(after.free_blocks, BLOCKS / 2, BLOCKS / 2 + before.free_blocks + 10);
    assert_int_equal(after.fragmentation_bytes, after.resident_bytes - after.in_use_bytes);
    assert_in_range(after.resident_bytes, BLOCKS * BLOCK_BYTES, after.mapped_bytes);
    for (size_t i = 1; i < BLOCKS; i += 2) {
        free(blocks[i]);
    }
}

// Of ten touched blocks one stays.
static void break_up(void **blocks, size_t count, size_t bytes) {
    for (size_t i = 0; i < count; i++) {
        assert_non_null(blocks[i] = malloc(bytes));
        memset(blocks[i], 1, bytes);
    }
    for (size_t i = 0; i < count; i++) {
        if (i % 10 != 0) {
            free(blocks[i]);
        }
    }
}

static void free_rest(void **blocks, size_t count) {
    for (size_t i = 0; i < count; i += 10) {
        free(blocks[i]);
    }
}

// Free pages between blocks return to the kernel, and glibc's own figures do not change.
TEST(malloc_trim_is_not_fragmentation) {
    enum { BLOCKS = 4000, BLOCK_BYTES = 16384 };
    static void *blocks[BLOCKS];
    break_up(blocks, BLOCKS, BLOCK_BYTES);
    struct cmemprof_allocator_stats before = now();
    assert_int_equal(malloc_trim(0), 1);
    struct cmemprof_allocator_stats after = now();
    assert_true(after.mapped_bytes > before.mapped_bytes - (1 << 20)); // all but the top of the heap
    assert_true(before.fragmentation_bytes > (size_t)BLOCKS / 2 * BLOCK_BYTES);
    assert_true(after.fragmentation_bytes < (size_t)BLOCKS / 4 * BLOCK_BYTES);
    assert_true(after.resident_bytes < before.resident_bytes - (size_t)BLOCKS / 2 * BLOCK_BYTES);
    free_rest(blocks, BLOCKS);
}

// What the program has beside malloc, as Go's heap, does not stand for pages that malloc gave back.
TEST(other_memory_is_not_fragmentation) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    enum { BLOCKS = 8000, BLOCK_BYTES = 16384, OTHER_BYTES = 200 << 20 };
    static void *blocks[BLOCKS];
    break_up(blocks, BLOCKS, BLOCK_BYTES);
    assert_int_equal(malloc_trim(0), 1);
    struct cmemprof_allocator_stats before = now();
    void *other = mmap(NULL, OTHER_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(other, MAP_FAILED);
    memset(other, 1, OTHER_BYTES);
    struct cmemprof_allocator_stats after = now();
    assert_in_range(after.fragmentation_bytes, 0, before.fragmentation_bytes + (1 << 20));
    assert_true(after.fragmentation_bytes < (size_t)BLOCKS / 4 * BLOCK_BYTES);
    assert_true(after.mapped_bytes > after.resident_bytes + (size_t)BLOCKS / 2 * BLOCK_BYTES);
    munmap(other, OTHER_BYTES);
    free_rest(blocks, BLOCKS);
}

TEST(a_mapped_block_is_in_use) {
    SKIP_EMULATED(EMULATED_RESIDENT);
    enum { BIG_BYTES = 64 << 20 };
    struct cmemprof_allocator_stats before = now();
    void *block = malloc(BIG_BYTES);
    assert_non_null(block);
    struct cmemprof_allocator_stats during = now();
    free(block);
    assert_in_range(during.in_use_bytes - before.in_use_bytes, BIG_BYTES, BIG_BYTES + (64 << 10));
    assert_in_range(during.mapped_bytes - before.mapped_bytes, BIG_BYTES, BIG_BYTES + (64 << 10));
    assert_true(during.resident_bytes < before.resident_bytes + BIG_BYTES / 2); // never written to
    assert_in_range(now().in_use_bytes, before.in_use_bytes, before.in_use_bytes + 1000);
}

TEST(prints_one_line) {
    char text[256], name[32];
    uint64_t in_use, mapped, resident, retained, fragmentation;
    allocator_stats_print(text, sizeof text);
    assert_int_equal(sscanf(text,
                            "cmemprof allocator: name=%31s in_use=%" SCNu64 " mapped=%" SCNu64 " resident=%" SCNu64 " retained=%" SCNu64
                            " fragmentation=%" SCNu64,
                            name, &in_use, &mapped, &resident, &retained, &fragmentation),
                     6);
    assert_string_equal(name, "glibc");
    assert_in_range(in_use, 1, mapped);
    assert_in_range(resident, 1, mapped);
    assert_int_equal(fragmentation, resident > in_use ? resident - in_use : 0);
    allocator_stats_print(text, 9);
    assert_string_equal(text, "cmemprof");
}

// As glibc before 2.33, which has no mallinfo2.
static bool is_old;

void *dlsym(void *restrict scope, const char *restrict name) {
    static void *(*real)(void *, const char *);
    if (!real) {
        *(void **)&real = dlvsym(RTLD_NEXT, "dlsym", FIRST_GLIBC);
    }
    return is_old && strcmp(name, "mallinfo2") == 0 ? NULL : real(scope, name);
}

TEST(older_glibc_gives_the_same_figures) {
    void *small = malloc(1000), *large = malloc(50 << 20);
    assert_true(small && large);
    struct cmemprof_allocator_stats with = now();
    is_old = true;
    struct cmemprof_allocator_stats without = now();
    is_old = false;
    assert_string_equal(without.name, "glibc");
    assert_true(without.in_use_bytes > 50 << 20);
    assert_int_equal(without.in_use_bytes, with.in_use_bytes);
    assert_int_equal(without.mapped_bytes, with.mapped_bytes);
    assert_int_equal(without.retained_bytes, with.retained_bytes);
    assert_int_equal(without.free_blocks, with.free_blocks);
    free(small);
    free(large);
}

// Its figures are modulo 4 GiB.
TEST(older_glibc_gives_none_in_a_large_process) {
    const size_t bytes = (size_t)5 << 30;
    void *space = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(space, MAP_FAILED);
    is_old = true;
    struct cmemprof_allocator_stats stats = now();
    is_old = false;
    assert_int_equal(stats.in_use_bytes, 0);
    assert_int_equal(stats.mapped_bytes, 0);
    munmap(space, bytes);
    assert_true(now().in_use_bytes > 0);
}

int main(void) {
    return tests_run();
}
