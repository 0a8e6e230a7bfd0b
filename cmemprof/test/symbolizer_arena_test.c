// symbolizer_arena_test.c: small and large blocks, growth, and limits.

#include "../../base/test/test.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../base/test/emulated.h"
#include "../symbolizer_arena.h"

TEST(blocks_are_zeroed_and_disjoint) {
    struct symbolizer_arena memory;
    symbolizer_arena_open(&memory);
    uint8_t *last = NULL;
    for (size_t bytes = 1; bytes < 300000; bytes = bytes * 3 + 1) {
        uint8_t *block = symbolizer_arena_alloc(&memory, bytes);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 16, 0);
        for (size_t i = 0; i < bytes; i++) {
            assert_int_equal(block[i], 0);
        }
        memset(block, 0xaa, bytes);
        assert_true(!last || *last == 0xaa);
        last = block + bytes - 1;
    }
    symbolizer_arena_close(&memory);
    assert_null(symbolizer_arena_alloc(&memory, 1)); // until opened again
}

TEST(growth_keeps_contents) {
    struct symbolizer_arena memory;
    symbolizer_arena_open(&memory);
    size_t bytes = 64;
    uint8_t *block = symbolizer_arena_alloc(&memory, bytes);
    memset(block, 7, 64);
    for (; bytes < 8 << 20; bytes *= 2) {
        block = symbolizer_arena_grow(&memory, block, bytes, 2 * bytes);
        assert_non_null(block);
        assert_int_equal(block[63], 7);
        assert_int_equal(block[2 * bytes - 1], 0);
    }
    assert_in_range(memory.used_bytes, bytes, bytes + (1 << 20)); // the smaller ones were freed
    symbolizer_arena_drop(&memory, block, bytes);
    assert_in_range(memory.used_bytes, 0, 1 << 20);
    symbolizer_arena_close(&memory);
}

// Whole pages of it only.
TEST(what_is_forgotten_is_given_back) {
    struct symbolizer_arena memory;
    enum { PAGE = 4096, BYTES = 64 * PAGE };
    symbolizer_arena_open(&memory);
    uint8_t *block = symbolizer_arena_alloc(&memory, BYTES), *at = block + PAGE + 100;
    assert_non_null(block);
    memset(block, 7, BYTES);
    symbolizer_arena_forget(at, 8 * PAGE);
    size_t zeroes = 0;
    for (size_t i = 0; i < BYTES; i++) {
        bool is_inside = block + i >= at && block + i < at + 8 * PAGE;
        assert_true(block[i] == 7 || (block[i] == 0 && is_inside));
        zeroes += block[i] == 0;
    }
    assert_int_equal(zeroes, 7 * PAGE);
    symbolizer_arena_close(&memory);
}

TEST(memory_is_bounded) {
    struct symbolizer_arena memory;
    symbolizer_arena_open(&memory);
    assert_null(symbolizer_arena_alloc(&memory, SYMBOLIZER_ARENA_BYTES + 1));
    assert_true(memory.ran_short);
    assert_null(symbolizer_arena_alloc(&memory, SIZE_MAX));
    size_t count = 0;
    while (symbolizer_arena_alloc(&memory, 1 << 20)) {
        count++;
    }
    assert_true(memory.limit_bytes <= SYMBOLIZER_ARENA_BYTES);
    assert_in_range(count, (memory.limit_bytes >> 20) * 3 / 4, memory.limit_bytes >> 20);
    symbolizer_arena_close(&memory);
}

// An eighth of what is left.
static int with_little_address_space(void) {
    struct symbolizer_arena memory;
    struct rlimit limit;
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = (rlim_t)1 << 30;
    if (setrlimit(RLIMIT_AS, &limit) != 0) {
        return 1;
    }
    symbolizer_arena_open(&memory);
    if (memory.address_space_left > (1 << 30) / 8 || memory.address_space_left < 1 << 20) {
        return 2;
    }
    size_t before = memory.address_space_left;
    uint8_t *block = symbolizer_arena_alloc(&memory, 1 << 20);
    if (!block || memory.address_space_left > before - (1 << 20)) {
        return 3;
    }
    symbolizer_arena_drop(&memory, block, 1 << 20);
    if (memory.address_space_left != before || symbolizer_arena_alloc(&memory, before + 1)) {
        return 4;
    }
    return symbolizer_arena_alloc(&memory, before / 2) ? 0 : 5;
}

TEST(leaves_address_space_to_the_program) {
    SKIP_EMULATED(EMULATED_LIMITS);
#if !defined(__SANITIZE_ADDRESS__) // AddressSanitizer reserves more than any such limit
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        _exit(with_little_address_space());
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
#else
    (void)with_little_address_space;
#endif
}

int main(void) {
    return tests_run();
}
