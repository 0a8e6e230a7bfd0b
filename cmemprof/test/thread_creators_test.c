// thread_creators_test.c: notes are found by descriptor, by routine and argument, or not at all; what is old is displaced.

#include "../../base/test/test.h"

#include "../thread_creators.h"

#include <pthread.h>

static struct thread_creators creators;
static char stacks[8];
#define STACK(i) ((struct stack *)(void *)&stacks[i])

static void empty(void) {
    memset(&creators, 0, sizeof creators);
}

static struct thread_creation found;
static bool find(uintptr_t descriptor, uintptr_t routine, uintptr_t argument) {
    return thread_creators_find(&creators, descriptor, routine, argument, &found);
}

TEST(by_descriptor) {
    empty();
    thread_creators_add(&creators, &(struct thread_creation){0x1000, 7, 8, 9, STACK(1), THREAD_OF_PROGRAM});
    thread_creators_add(&creators, &(struct thread_creation){0x2000, 7, 8, 10, STACK(2), THREAD_OF_GO});
    assert_true(find(0x1000, 7, 8));
    assert_ptr_equal(found.stack, STACK(1));
    assert_int_equal(found.caller, 9);
    assert_true(find(0x2000, 7, 8));
    assert_ptr_equal(found.stack, STACK(2));
    assert_int_equal(found.owner, THREAD_OF_GO);
    // Of another thread that came to lie there, nothing is known.
    assert_false(find(0x1000, 7, 9));
    assert_false(find(0x1000, 6, 8));
    assert_false(find(0x3000, 7, 8));
    // The next thread there.
    thread_creators_add(&creators, &(struct thread_creation){0x1000, 6, 8, 11, STACK(3), THREAD_OF_PROGRAM});
    assert_true(find(0x1000, 6, 8));
    assert_ptr_equal(found.stack, STACK(3));
    assert_false(find(0x1000, 7, 8));
    assert_int_equal(creators.taken, 2);
}

TEST(by_routine_and_argument) {
    empty();
    thread_creators_add(&creators, &(struct thread_creation){0, 7, 8, 9, STACK(1), THREAD_OF_PROGRAM});
    thread_creators_add(&creators, &(struct thread_creation){0, 7, 8, 9, STACK(1), THREAD_OF_PROGRAM});
    thread_creators_add(&creators, &(struct thread_creation){0, 7, 9, 9, STACK(2), THREAD_OF_PROGRAM});
    assert_int_equal(creators.taken, 2);
    assert_true(find(0x1000, 7, 8));
    assert_ptr_equal(found.stack, STACK(1));
    assert_true(find(0x2000, 7, 9));
    assert_ptr_equal(found.stack, STACK(2));
    assert_false(find(0x2000, 8, 9));
    // Two stacks made threads with the same two: which made which is unknown, also when the first one comes again.
    thread_creators_add(&creators, &(struct thread_creation){0, 7, 8, 10, STACK(3), THREAD_OF_PROGRAM});
    assert_true(find(0x1000, 7, 8));
    assert_null(found.stack);
    assert_int_equal(found.caller, 0);
    thread_creators_add(&creators, &(struct thread_creation){0, 7, 8, 9, STACK(1), THREAD_OF_PROGRAM});
    assert_true(find(0x1000, 7, 8));
    assert_null(found.stack);
}

static void count_stack(struct stack *stack, void *context) {
    (void)stack;
    ++*(int *)context;
}

TEST(the_newest_stay) {
    empty();
    enum { ALL = 3 * THREAD_CREATORS };
    for (uintptr_t i = 1; i <= ALL; i++) {
        thread_creators_add(&creators, &(struct thread_creation){i * 16, i, 0, i, i % 2 == 0 ? STACK(1) : NULL, THREAD_OF_PROGRAM});
    }
    for (uintptr_t i = 1; i <= ALL; i++) {
        assert_int_equal(find(i * 16, i, 0), i > ALL - THREAD_CREATORS);
    }
    int count = 0;
    thread_creators_each_stack(&creators, count_stack, &count);
    assert_int_equal(count, THREAD_CREATORS / 2);
}

enum { THREADS = 4, ROUNDS = 20000, ADDRESSES = 8 };

// Each note's stack is that of its routine, whoever writes at the same time.
static void *write_notes(void *number) {
    for (uintptr_t i = 0; i < ROUNDS; i++) {
        uintptr_t routine = (i + (uintptr_t)number) % 8;
        thread_creators_add(&creators, &(struct thread_creation){(i % ADDRESSES + 1) * 16, routine, routine, routine, STACK(routine), 0});
    }
    return NULL;
}

TEST(notes_are_whole) {
    empty();
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, write_notes, (void *)i), 0);
    }
    int hits = 0;
    for (int round = 0; round < ROUNDS || hits == 0; round++) {
        for (uintptr_t routine = 0; routine < 8; routine++) {
            if (find((uintptr_t)(round % ADDRESSES + 1) * 16, routine, routine)) {
                assert_ptr_equal(found.stack, STACK(routine));
                assert_int_equal(found.caller, routine);
                hits++;
            }
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

int main(void) {
    return tests_run();
}
