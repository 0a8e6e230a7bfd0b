// private_arena_test.c: blocks are aligned, zeroed and disjoint, end at the budget, and return to the system.

#include "../../base/test/test.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "../../base/test/emulated.h"
#include "../private_arena.h"
#include "filled.h"

enum { BLOCK = PRIVATE_ARENA_BLOCK_BYTES, MANY = 1000 }; // the last of 1,000 blocks are in the fourth area

static struct memory_budget budget;
static struct memory_share share;

static void open_arena(struct private_arena *arena, size_t limit_bytes) {
    budget = (struct memory_budget){.limit_bytes = limit_bytes};
    share = (struct memory_share){.budget = &budget};
    assert_true(private_arena_open(arena, &share));
}

static bool is_resident(const void *block) {
    unsigned char pages[BLOCK / 4096];
    assert_int_equal(mincore((void *)(uintptr_t)block, BLOCK, pages), 0);
    for (size_t i = 0; i < sizeof pages; i++) {
        if ((pages[i] & 1) != 0) {
            return true;
        }
    }
    return false;
}

TEST(blocks_are_aligned_zeroed_and_disjoint) {
    struct private_arena arena;
    unsigned char *blocks[MANY];
    open_arena(&arena, (size_t)64 << 20);
    for (int i = 0; i < MANY; i++) {
        blocks[i] = private_arena_take(&arena);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % BLOCK, 0);
        assert_true(is_filled(blocks[i], BLOCK, 0));
        memset(blocks[i], i % 251, BLOCK);
    }
    for (int i = 0; i < MANY; i++) {
        assert_true(is_filled(blocks[i], BLOCK, (unsigned char)(i % 251)));
        assert_ptr_equal(private_arena_block(&arena, (uint32_t)i), blocks[i]);
    }
    assert_int_equal(budget.used_bytes, MANY * BLOCK);
    private_arena_close(&arena);
    assert_int_equal(budget.used_bytes, 0);
}

TEST(blocks_return_to_system_and_budget) {
    struct private_arena arena;
    open_arena(&arena, 40 * BLOCK); // three quarters of it: 30 blocks
    unsigned char *blocks[30];
    for (int i = 0; i < 30; i++) {
        blocks[i] = private_arena_take(&arena);
        memset(blocks[i], 1, BLOCK);
    }
    assert_null(private_arena_take(&arena));
    assert_int_equal(budget.refusals, 1);
    assert_true(memory_budget_take(&budget, 10 * BLOCK)); // what the share leaves to others
    for (int i = 0; i < 30; i += 2) {
        private_arena_give(&arena, blocks[i]);
        assert_null(private_arena_block(&arena, (uint32_t)i));
        assert_non_null(private_arena_block(&arena, (uint32_t)i + 1));
        assert_false(is_resident(blocks[i]));
    }
    assert_int_equal(budget.used_bytes, 25 * BLOCK);
    for (int i = 0; i < 15; i++) { // the same ones again, zeroed
        unsigned char *block = private_arena_take(&arena);
        assert_non_null(block);
        assert_true(is_filled(block, BLOCK, 0));
        memset(block, 2, BLOCK);
    }
    assert_int_equal(arena.block_count, 30);
    assert_null(private_arena_take(&arena));
    for (int i = 1; i < 30; i += 2) {
        assert_true(is_filled(blocks[i], BLOCK, 1));
    }
    private_arena_close(&arena);
    assert_int_equal(budget.used_bytes, 10 * BLOCK);
}

// A higher limit is used in full: nothing was fixed when the arena was opened.
TEST(raised_limit_is_used) {
    struct private_arena arena;
    open_arena(&arena, 1 << 20);
    size_t taken = 0;
    while (private_arena_take(&arena)) {
        taken++;
    }
    assert_int_equal(taken, 48);
    budget.limit_bytes = (size_t)400 << 20;
    while (private_arena_take(&arena)) {
        taken++;
    }
    assert_int_equal(taken, 300 * 64);
    private_arena_close(&arena);
}

// Reserves at most a 32nd of the address space limit.
TEST(address_space_limit) {
    SKIP_EMULATED(EMULATED_LIMITS);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); // sanitizers reserve terabytes
#endif
    struct private_arena arena;
    const struct rlimit limit = {(rlim_t)1 << 30, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
    open_arena(&arena, (size_t)400 << 20);
    size_t taken = 0;
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    while (private_arena_take(&arena)) {
        taken++;
    }
    assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
    assert_true(taken * BLOCK >= 8 << 20 && taken * BLOCK <= 32 << 20);
    assert_int_equal(budget.used_bytes, taken * BLOCK);
    private_arena_close(&arena);
}

enum { THREADS = 4, ROUNDS = 2000, HELD = 5 };

// Each thread keeps a few, marked as its own, and gives one for each that it takes.
static void *take_and_give(void *context) {
    struct private_arena *arena = context;
    uintptr_t *held[HELD] = {0};
    for (int i = 0; i < ROUNDS; i++) {
        uintptr_t *block = private_arena_take(arena);
        if (!block || *block != 0) {
            return arena;
        }
        *block = (uintptr_t)&held;
        uintptr_t *old = held[i % HELD];
        if (old && *old != (uintptr_t)&held) {
            return old; // another thread has it too
        }
        if (old) {
            private_arena_give(arena, old);
        }
        held[i % HELD] = block;
    }
    return NULL;
}

TEST(threads_never_share_a_block) {
    struct private_arena arena;
    open_arena(&arena, 64 << 20);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, &arena), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *shared;
        pthread_join(threads[i], &shared);
        assert_null(shared);
    }
    assert_int_equal(budget.used_bytes, THREADS * HELD * BLOCK);
    assert_true(arena.block_count <= THREADS * (HELD + 1));
    private_arena_close(&arena);
    assert_int_equal(budget.used_bytes, 0);
}

int main(void) {
    return tests_run();
}
