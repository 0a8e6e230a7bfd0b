// unwind_memo_test.c: a walk with a memo equals one without, whatever was walked before, and reports "the same" only if it is.

#include "../../base/test/test.h"

#include <execinfo.h>
#include <pthread.h>
#include <unistd.h>

#include "../code_loader.h"
#include "../code_objects.h"
#include "../unwind.h"

#ifdef __aarch64__
#define OF_FP "x29"
#define OF_OTHER "x19"
#else
#define OF_FP "rbp"
#define OF_OTHER "rbx"
#endif

static struct unwinder unwinder;
static __thread struct thread_state thread;

static void use(volatile void *memory) {
    __asm__ volatile("" : : "r"(memory) : "memory");
}

// ---- Compared at every capture ----

struct checker {
    struct unwind_memo memo, fresh;
    uintptr_t before[UNWIND_MAX_FRAMES];
    uint32_t before_count;
    uint64_t captures, same, joined, compared, wrong, falsely_same, unlike_backtrace, deep;
};
static struct checker *checker;

static void compare_with_backtrace(const struct unwind_memo *memo) {
    void *theirs[UNWIND_MAX_FRAMES + 8];
    int count = backtrace(theirs, UNWIND_MAX_FRAMES + 8), skipped = 0;
    while (skipped < count && (uintptr_t)theirs[skipped] != memo->pcs[0]) {
        skipped++;
    }
    checker->compared++;
    bool alike = memo->end == UNWIND_TOO_DEEP || (uint32_t)(count - skipped) == memo->depth_frames;
    for (uint32_t i = 0; alike && i < memo->depth_frames && skipped + (int)i < count; i++) {
        alike = (uintptr_t)theirs[skipped + (int)i] == memo->pcs[i];
    }
    checker->unlike_backtrace += !alike;
}

static bool capture_from(machine_frame frame) {
    struct unwind_memo *memo = &checker->memo, *fresh = &checker->fresh;
    const struct unwind_start start = machine_caller(frame);
    bool same = unwind_stack(&unwinder, &thread, &start, memo);
    fresh->depth_frames = 0;
    memset(&fresh->trails[0], 0, offsetof(struct unwind_trail, pcs));
    memset(&fresh->trails[1], 0, offsetof(struct unwind_trail, pcs));
    unwind_stack(&unwinder, &thread, &start, fresh);
    size_t size = fresh->depth_frames * sizeof *fresh->pcs;
    checker->wrong += memo->depth_frames != fresh->depth_frames || memo->end != fresh->end || memcmp(memo->pcs, fresh->pcs, size) != 0;
    checker->falsely_same += same && (checker->before_count != fresh->depth_frames || memcmp(checker->before, fresh->pcs, size) != 0);
    memcpy(checker->before, fresh->pcs, size);
    checker->before_count = fresh->depth_frames;
    checker->captures++;
    checker->same += same;
    checker->joined += !same && memo->trails[memo->current].steps_begin != UNWIND_FIRST_STEP;
    checker->deep += memo->end == UNWIND_TOO_DEEP;
    if (checker->captures % 16 == 0) {
        compare_with_backtrace(memo);
    }
    return same;
}

static __attribute__((noinline)) bool capture(void) {
    bool same = capture_from(MACHINE_FRAME);
    use(&same);
    return same;
}

// ---- Random stacks ----

static uint64_t random_state = 88172645463325252u;
static unsigned draw(unsigned limit) {
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (unsigned)(random_state >> 33) % limit;
}

static void grow(int levels);

#define SHAPE __attribute__((noinline)) static void

SHAPE leaf_a(int levels) {
    capture();
    use(&levels);
}
SHAPE leaf_b(int levels) {
    volatile char padding[72];
    padding[0] = (char)levels;
    capture();
    use(padding);
}
SHAPE leaf_twice(int levels) {
    for (volatile int i = 0; i < 2; i++) {
        capture();
    }
    use(&levels);
}
SHAPE plain_frame(int levels) {
    grow(levels - 1);
    use(&levels);
}
SHAPE same_size_frame(int levels) {
    grow(levels - 1);
    use(&levels);
    use(&levels);
}
SHAPE loop_frame(int levels) {
    for (unsigned i = 0, count = levels < 12 ? 2 + draw(2) : 1; i < count; i++) {
        grow(levels - 1);
    }
    use(&levels);
}
SHAPE alloca_frame(int levels) {
    volatile char *padding = __builtin_alloca(16 + draw(4) * 16);
    padding[0] = 1;
    grow(levels - 1);
    use(padding);
}
SHAPE realigned_frame(int levels) {
    _Alignas(64) volatile char padding[128];
    volatile char *more = __builtin_alloca(1 + draw(100));
    padding[0] = more[0] = 1;
    grow(levels - 1);
    use(padding);
    use(more);
}
SHAPE __attribute__((optimize("omit-frame-pointer"))) number_frame(int levels) {
    register uintptr_t fp __asm__(OF_FP) = draw(1000) * 8;
    register uintptr_t other __asm__(OF_OTHER) = draw(1000);
    __asm__ volatile("" : "+r"(fp), "+r"(other));
    grow(levels - 1);
    __asm__ volatile("" : : "r"(fp), "r"(other));
}
SHAPE __attribute__((optimize("no-omit-frame-pointer"))) chained_frame(int levels) {
    grow(levels - 1);
    use(&levels);
}
SHAPE __attribute__((optimize("O0"))) unoptimized_frame(int levels) {
    int copy = levels;
    grow(copy - 1);
}

static int levels_of_callback;
static int from_qsort(const void *left, const void *right) {
    (void)left;
    (void)right;
    int levels = levels_of_callback;
    if (levels > 0) {
        levels_of_callback = 0;
        grow(levels - 1);
    }
    return 0;
}
SHAPE callback_frame(int levels) {
    int numbers[3] = {1, 2, 3};
    levels_of_callback = levels;
    qsort(numbers, 2 + draw(2), sizeof *numbers, from_qsort);
    use(numbers);
}

static __attribute__((noinline)) void grow(int levels) {
    static void (*const leaves[])(int) = {leaf_a, leaf_b, leaf_twice};
    static void (*const shapes[])(int) = {plain_frame,  same_size_frame, loop_frame,     alloca_frame,     realigned_frame,
                                          number_frame, chained_frame,   callback_frame, unoptimized_frame};
    if (levels <= 0) {
        leaves[draw(3)](levels);
    } else {
        shapes[draw(sizeof shapes / sizeof *shapes)](levels);
    }
    use(&levels);
}

TEST(random_stacks) {
    checker = calloc(1, sizeof *checker);
    while (checker->captures < 40000) {
        grow(1 + (int)draw(14));
    }
    // Around the depth at which stacks are cut, a frame or two apart.
    uint64_t random = checker->captures;
    while (checker->captures < random + 5000) {
        grow(205 + (int)draw(50));
    }
    print_message("%lu captures: %lu the same as before, %lu joined; %lu compared with backtrace(), %lu too deep\n", checker->captures,
                  checker->same, checker->joined, checker->compared, checker->deep);
    assert_int_equal(checker->wrong, 0);
    assert_int_equal(checker->falsely_same, 0);
    assert_int_equal(checker->unlike_backtrace, 0);
    // The memo was really used.
    assert_true(checker->same > 5000);
    assert_true(checker->joined > 5000); // those whose beginning was put before the old rest
    assert_true(checker->compared > 2000);
    assert_true(checker->deep > 500 && checker->deep < 4900);
    free(checker);
}

// ---- Single cases ----

static __attribute__((noinline)) bool middle(void) {
    bool same = capture();
    use(&same);
    return same;
}
static __attribute__((noinline)) bool left(void) {
    bool same = middle();
    use(&same);
    return same;
}
static __attribute__((noinline)) bool right(void) {
    bool same = middle();
    use(&same);
    return same;
}

// The same depth, stack pointers and registers: only a return address differs.
TEST(stale_stack_is_detected) {
    checker = calloc(1, sizeof *checker);
    bool (*const functions[])(void) = {left, left, right, right, left};
    const bool expected[] = {false, true, false, true, false};
    for (int i = 0; i < 5; i++) {
        bool same = functions[i]();
        assert_int_equal(same, expected[i]);
    }
    assert_int_equal(checker->wrong, 0);
    free(checker);
}

static __attribute__((noinline, optimize("omit-frame-pointer"))) bool with_numbers(uintptr_t number) {
    register uintptr_t fp __asm__(OF_FP) = number;
    register uintptr_t other __asm__(OF_OTHER) = number;
    __asm__ volatile("" : "+r"(fp), "+r"(other));
    bool same = capture();
    __asm__ volatile("" : : "r"(fp), "r"(other));
    return same;
}

// Registers that no rule needs do not matter.
TEST(irrelevant_registers_are_ignored) {
    checker = calloc(1, sizeof *checker);
    for (uintptr_t number = 0; number < 100; number++) {
        bool same = with_numbers(number * 24);
        assert_int_equal(same, number > 0);
    }
    assert_int_equal(checker->wrong, 0);
    free(checker);
}

// Words of unmapped memory or of another thread's stack are not read, and the memo is invalid once the tables change.
static void *capture_twice(void *same) {
    for (volatile int i = 0; i < 2; i++) { // one call site, called twice
        ((bool *)same)[i] = left();
    }
    return NULL;
}

TEST(memo_passes_between_threads) {
    checker = calloc(1, sizeof *checker);
    left();
    for (int i = 0; i < 20; i++) {
        pthread_t id;
        bool same[2];
        assert_int_equal(pthread_create(&id, NULL, capture_twice, same), 0);
        pthread_join(id, NULL);
        assert_true(same[1]);
    }
    assert_int_equal(checker->wrong, 0);
    assert_int_equal(checker->falsely_same, 0);
    free(checker);
}

TEST(unloading_invalidates_the_memo) {
    static struct unwind_trail old, now;
    old =
        (struct unwind_trail){.steps_begin = 1, .steps_end = 2, .reusable_from = 1, .generation = 4, .stack_low = 4096, .stack_high = 8192};
    now = old;
    assert_true(unwind_trail_is_usable(&old, &now));
    now.generation = 6;
    assert_false(unwind_trail_is_usable(&old, &now));
    old.generation = now.generation = 5; // code was being unmapped
    assert_false(unwind_trail_is_usable(&old, &now));
    now = old, old.generation = now.generation = 4;
    now.stack_low = 5000; // another thread's words
    assert_false(unwind_trail_is_usable(&old, &now));

    uint64_t before = unwinder.generation;
    unwind_set_go_text(&unwinder, 4096, 8192); // the set of Go code differs
    assert_int_equal(unwinder.generation & 1, 0);
    assert_int_not_equal(unwinder.generation, before);
    unwind_set_go_text(&unwinder, 0, 0);
    before = unwinder.generation;
    unwind_before_unload(&unwinder);
    assert_int_equal(unwinder.generation & 1, 1);
    unwind_after_unload(&unwinder);
    assert_int_equal(unwinder.generation & 1, 0);
    assert_int_not_equal(unwinder.generation, before);
}

// The first unloading to end does not end the others.
TEST(unloadings_may_overlap) {
    uint64_t before = unwinder.generation;
    unwind_before_unload(&unwinder);
    unwind_before_unload(&unwinder);
    uint64_t both = unwinder.generation;
    unwind_after_unload(&unwinder);
    assert_int_equal(unwinder.generation & 1, 1);
    assert_int_not_equal(unwinder.generation, both);
    unwind_forget_code(&unwinder);
    assert_int_equal(unwinder.generation & 1, 1);
    unwind_after_unload(&unwinder);
    assert_int_equal(unwinder.generation & 1, 0);
    assert_true(unwinder.generation > before);

    // Forked by one of three threads inside dlclose.
    unwind_before_unload(&unwinder);
    unwind_before_unload(&unwinder);
    unwind_before_unload(&unwinder);
    unwind_after_fork(&unwinder, 1);
    assert_int_equal(unwinder.generation & 1, 1);
    unwind_after_unload(&unwinder);
    assert_int_equal(unwinder.generation & 1, 0);
    // Forked by a thread outside of dlclose.
    unwind_before_unload(&unwinder);
    unwind_after_fork(&unwinder, 0);
    assert_int_equal(unwinder.generation & 1, 0);
}

// Two handmade walks. The old one has three steps with one read each; the start's RBP decided the second. The new one has one step, equal
// to the old one's second.
static uintptr_t words[4];
static struct unwind_trail old_trail, new_trail;

static void make_trails(void) {
    memset(&old_trail, 0, offsetof(struct unwind_trail, pcs));
    old_trail.steps_begin = old_trail.reusable_from = UNWIND_FIRST_STEP;
    old_trail.steps_end = UNWIND_FIRST_STEP + 3;
    old_trail.reads_end = UNWIND_FIRST_READ + 3;
    old_trail.fp_until = UNWIND_FIRST_STEP + 2;
    old_trail.fp = 77;
    for (uint32_t i = 0; i < 3; i++) {
        old_trail.pcs[UNWIND_FIRST_STEP + i] = 1000 + i;
        old_trail.steps[UNWIND_FIRST_STEP + i] = (struct unwind_step){.sp = 4096 + i * 16, .reads = UNWIND_FIRST_READ + i};
        old_trail.reads[UNWIND_FIRST_READ + i] = (struct unwind_read){(uintptr_t)&words[i], words[i] = i};
    }
    memset(&new_trail, 0, offsetof(struct unwind_trail, pcs));
    new_trail.steps_begin = new_trail.reusable_from = UNWIND_FIRST_STEP;
    new_trail.steps_end = UNWIND_FIRST_STEP + 1;
    new_trail.fp = 77;
    new_trail.pcs[UNWIND_FIRST_STEP] = 1001;
    new_trail.steps[UNWIND_FIRST_STEP] = (struct unwind_step){.sp = 4096 + 16, .reads = UNWIND_FIRST_READ};
}

enum { SECOND = UNWIND_FIRST_STEP + 1 };

static bool may_join_with(void (*change)(struct unwind_step *step)) {
    make_trails();
    change(&new_trail.steps[UNWIND_FIRST_STEP]);
    return unwind_trail_may_join(&old_trail, SECOND, &new_trail);
}
static void no_change(struct unwind_step *step) {
    (void)step;
}
static void other_sp(struct unwind_step *step) {
    step->sp += 8;
}
static void other_fp_at(struct unwind_step *step) {
    step->fp_at = 4096;
}
static void other_aux_at(struct unwind_step *step) {
    step->aux_at_or_high = 4096;
}
static void other_exact(struct unwind_step *step) {
    step->exact = true;
}
static void other_pc(struct unwind_step *step) {
    step->pc_beyond = 1;
}

TEST(walks_join_only_in_the_same_state) {
    assert_true(may_join_with(no_change));
    assert_false(may_join_with(other_sp));
    assert_false(may_join_with(other_fp_at));
    assert_false(may_join_with(other_aux_at));
    assert_false(may_join_with(other_exact));
    assert_false(may_join_with(other_pc));
    make_trails();
    new_trail.fp = 78; // decides the second step
    assert_false(unwind_trail_may_join(&old_trail, SECOND, &new_trail));
    old_trail.fp_until = SECOND;
    assert_true(unwind_trail_may_join(&old_trail, SECOND, &new_trail));
    old_trail.aux_until = SECOND + 1; // unknown to the new walk
    assert_false(unwind_trail_may_join(&old_trail, SECOND, &new_trail));
    make_trails();
    old_trail.reusable_from = SECOND + 1;
    assert_false(unwind_trail_may_join(&old_trail, SECOND, &new_trail));
    make_trails();
    new_trail.reusable_from = UNWIND_NEVER;
    assert_false(unwind_trail_may_join(&old_trail, SECOND, &new_trail));
}

TEST(every_changed_word_is_detected) {
    for (uint32_t i = 0; i < 3; i++) {
        make_trails();
        assert_int_equal(unwind_trail_unchanged_from(&old_trail), UNWIND_FIRST_STEP);
        old_trail.reusable_from = SECOND;
        assert_int_equal(unwind_trail_unchanged_from(&old_trail), SECOND);
        words[i] = 99;
        assert_int_equal(unwind_trail_unchanged_from(&old_trail), i == 0 ? SECOND : UNWIND_FIRST_STEP + i + 1);
        old_trail.reusable_from = UNWIND_FIRST_STEP;
        assert_int_equal(unwind_trail_unchanged_from(&old_trail), UNWIND_FIRST_STEP + i + 1);
        old_trail.reusable_from = UNWIND_NEVER;
        assert_int_equal(unwind_trail_unchanged_from(&old_trail), old_trail.steps_end);
    }
}

// What decided the new beginning and what decided the old end both decide the joined walk.
TEST(joined_walk_keeps_dependencies) {
    make_trails();
    assert_false(unwind_trail_join(&old_trail, SECOND, &new_trail)); // one frame fewer
    assert_int_equal(old_trail.steps_begin, SECOND);
    assert_int_equal(old_trail.fp_until, UNWIND_FIRST_STEP + 2);
    make_trails();
    old_trail.fp_until = 0;
    new_trail.steps_end++; // the new walk has one more step before, which depends on the start's RBP
    new_trail.pcs[SECOND] = 1001;
    new_trail.steps[SECOND] = (struct unwind_step){.sp = 4096 + 16, .reads = UNWIND_FIRST_READ};
    new_trail.fp_until = SECOND;
    new_trail.fp = 5;
    assert_true(unwind_trail_may_join(&old_trail, SECOND, &new_trail));
    new_trail.pcs[UNWIND_FIRST_STEP] = 1000;
    assert_true(unwind_trail_join(&old_trail, SECOND, &new_trail)); // the same addresses
    assert_int_equal(old_trail.fp_until, SECOND);
    assert_int_equal(old_trail.fp, 5);
    make_trails();
    new_trail.reusable_from = UNWIND_FIRST_STEP;
    old_trail.end = UNWIND_TOO_DEEP; // where a stack is cut depends on its beginning
    assert_false(unwind_trail_may_join(&old_trail, SECOND, &new_trail));
}

TEST(appended_walk_equals_the_joined_one) {
    static struct unwind_trail joined, appended;
    for (int depends = 0; depends < 2; depends++) {
        make_trails();
        old_trail.fp_until = depends ? UNWIND_FIRST_STEP + 3 : 0;
        new_trail.steps_end++; // two reads in the new first step, one in the old
        new_trail.pcs[UNWIND_FIRST_STEP] = 999;
        new_trail.steps[UNWIND_FIRST_STEP] = (struct unwind_step){.sp = 4000, .reads = UNWIND_FIRST_READ};
        new_trail.reads[UNWIND_FIRST_READ] = (struct unwind_read){(uintptr_t)&words[3], 33};
        new_trail.reads[UNWIND_FIRST_READ + 1] = (struct unwind_read){(uintptr_t)&words[3], 34};
        new_trail.pcs[SECOND] = 1001;
        new_trail.steps[SECOND] = (struct unwind_step){.sp = 4096 + 16, .reads = UNWIND_FIRST_READ + 2};
        new_trail.fp_until = SECOND;
        joined = old_trail;
        appended = new_trail;
        assert_true(unwind_trail_may_join(&joined, SECOND, &new_trail));
        unwind_trail_join(&joined, SECOND, &new_trail);
        unwind_trail_append(&appended, &old_trail, SECOND);
        assert_true(unwind_trail_same_stack(&joined, &appended));
        assert_int_equal(appended.fp_until - appended.steps_begin, joined.fp_until - joined.steps_begin);
        assert_int_equal(appended.reusable_from - appended.steps_begin, joined.reusable_from - joined.steps_begin);
        assert_int_equal(appended.end, joined.end);
        for (uint32_t i = 0; i < 3; i++) {
            const struct unwind_step *a = &joined.steps[joined.steps_begin + i], *b = &appended.steps[appended.steps_begin + i];
            assert_int_equal(a->sp, b->sp);
            assert_int_equal(a->reads - joined.steps[joined.steps_begin].reads, b->reads - UNWIND_FIRST_READ);
        }
        uint32_t reads = joined.reads_end - joined.steps[joined.steps_begin].reads;
        assert_int_equal(reads, 4);
        assert_int_equal(appended.reads_end - UNWIND_FIRST_READ, reads);
        assert_memory_equal(&joined.reads[joined.steps[joined.steps_begin].reads], &appended.reads[UNWIND_FIRST_READ],
                            reads * sizeof *appended.reads);
    }
}

TEST(owner_can_reset_the_memo) {
    checker = calloc(1, sizeof *checker);
    for (int i = 0; i < 4; i++) {
        bool same = left();
        assert_int_equal(same, i == 1 || i == 3);
        checker->memo.depth_frames = i == 1 ? 0 : checker->memo.depth_frames;
    }
    free(checker);
}

int main(void) {
    code_loader_look();
    code_objects_refresh();
    return tests_run();
}
