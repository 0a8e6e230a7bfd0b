// python_arenas_test.c: an arena is freed at once if nobody reads in it, else when who reads has ended.

#include "../../base/test/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "../python_arenas.h"

static _Atomic int frees;

static void count(void *context, void *base, size_t size) {
    assert_ptr_equal(context, &frees);
    assert_ptr_equal(base, &frees);
    assert_int_equal(size, 7);
    assert_false(python_arenas_hold()); // one is being freed
    atomic_fetch_add(&frees, 1);
}
static const struct python_arenas real = {.context = &frees, .free = count};

// Another interpreter's thread frees one meanwhile, and ends first.
static void count_both(void *context, void *base, size_t size) {
    python_arenas_free(&real, base, size);
    count(context, base, size);
}
static const struct python_arenas both = {.context = &frees, .free = count_both};

static void *ends_soon(void *context) {
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    assert_int_equal(atomic_load(&frees), 0);
    python_arenas_release();
    return context;
}

// A busy machine may hold up the reader for longer than it is waited for: then it begins again.
TEST(who_reads_is_waited_for) {
    assert_false(python_arenas_hold()); // they are not ours
    python_arenas_are_ours();
    for (int tries = 0; tries < 50 && atomic_load(&frees) == 0; tries++) {
        pthread_t thread;
        python_arenas_after_fork_in_child(); // nobody was waited for in vain
        assert_true(python_arenas_hold());
        assert_int_equal(pthread_create(&thread, NULL, ends_soon, NULL), 0);
        python_arenas_free(&real, &frees, 7);
        pthread_join(thread, NULL);
    }
    assert_int_equal(atomic_load(&frees), 1);
    assert_true(python_arenas_hold());
    python_arenas_release();
    python_arenas_free(&real, &frees, 7);
    assert_int_equal(atomic_load(&frees), 2);
}

TEST(two_that_free_side_by_side) {
    python_arenas_are_ours();
    atomic_store(&frees, 0);
    python_arenas_free(&both, &frees, 7);
    assert_int_equal(atomic_load(&frees), 2);
    assert_true(python_arenas_hold());
    python_arenas_release();
}

TEST(a_reader_that_is_not_there_any_more) {
    python_arenas_are_ours();
    atomic_store(&frees, 0);
    assert_true(python_arenas_hold());
    python_arenas_free(&real, &frees, 7); // it has no processor: the arena stays
    assert_int_equal(atomic_load(&frees), 0);
    assert_true(python_arenas_hold()); // others read on, and arenas stay
    python_arenas_free(&real, &frees, 7);
    assert_int_equal(atomic_load(&frees), 0);
    python_arenas_after_fork_in_child();
    python_arenas_free(&real, &frees, 7);
    assert_int_equal(atomic_load(&frees), 1);
}

int main(void) {
    return tests_run();
}
