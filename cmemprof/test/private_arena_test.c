// private_arena_test.c: pieces are aligned, zero, apart from each other, and end at the limit.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "../private_arena.h"

static void pieces_are_aligned_zero_and_bounded(void **state) {
    (void)state;
    struct private_arena arena = {0};
    struct memory_budget budget = {.limit_bytes = 1 << 20};
    assert_true(private_arena_open(&arena, 64 * 1024, &budget));
    size_t taken = 0;
    for (uint8_t *piece, *last = NULL; (piece = private_arena_take(&arena, 100)) != NULL; last = piece, taken++) {
        assert_int_equal((uintptr_t)piece % 16, 0);
        assert_true(last == NULL || piece >= last + 100);
        for (int i = 0; i < 100; i++) {
            assert_int_equal(piece[i], 0);
        }
        memset(piece, 0xff, 100);
    }
    assert_int_equal(taken, 64 * 1024 / 112);
    assert_null(private_arena_take(&arena, SIZE_MAX));      // rounding up overflows
    assert_null(private_arena_take(&arena, SIZE_MAX - 64)); // does not, but is too much
    private_arena_close(&arena);
    assert_int_equal(budget.used_bytes, 0);
}

static void the_budget_is_its_end_too(void **state) {
    (void)state;
    struct private_arena arena = {0};
    struct memory_budget budget = {.used_bytes = 500, .limit_bytes = 1000};
    assert_true(private_arena_open(&arena, 64 * 1024, &budget));
    assert_non_null(private_arena_take(&arena, 496));
    assert_null(private_arena_take(&arena, 16));
    assert_int_equal(budget.used_bytes, 996);
    budget.limit_bytes = 2000;
    assert_non_null(private_arena_take(&arena, 16));
    private_arena_close(&arena);
    assert_int_equal(budget.used_bytes, 500); // somebody else's
}

enum { THREADS = 4, PIECES = 2000 };

static void *take_many(void *context) {
    static _Thread_local uint64_t *mine[PIECES];
    struct private_arena *arena = context;
    for (int i = 0; i < PIECES; i++) {
        mine[i] = private_arena_take(arena, sizeof *mine[i]);
        *mine[i] = (uintptr_t)mine[i] ^ (uintptr_t)mine;
    }
    for (int i = 0; i < PIECES; i++) {
        if (*mine[i] != ((uintptr_t)mine[i] ^ (uintptr_t)mine)) {
            return mine[i]; // somebody else has it too
        }
    }
    return NULL;
}

static void threads_never_share_a_piece(void **state) {
    (void)state;
    struct private_arena arena = {0};
    struct memory_budget budget = {.limit_bytes = 1 << 20};
    assert_true(private_arena_open(&arena, THREADS * PIECES * 16, &budget));
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, &arena), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *shared;
        pthread_join(threads[i], &shared);
        assert_null(shared);
    }
    private_arena_close(&arena);
    assert_int_equal(budget.used_bytes, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_zero_and_bounded),
        cmocka_unit_test(the_budget_is_its_end_too),
        cmocka_unit_test(threads_never_share_a_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
