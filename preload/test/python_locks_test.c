// python_locks_test.c: the functions of locks give what the real ones give; acquisitions and the times for which locks are held are noted,
// one in so many.

#include "../../base/test/test.h"

#include <stdlib.h>
#include <string.h>

#include "../python_locks.h"

enum { METHODS = 12 };
enum {
    LOCK_ACQUIRE,
    LOCK_ACQUIRE_LOCK,
    LOCK_ENTER,
    LOCK_RELEASE,
    LOCK_RELEASE_LOCK,
    LOCK_EXIT,
    RLOCK_ACQUIRE,
    RLOCK_ENTER,
    RLOCK_RELEASE,
    RLOCK_EXIT,
    RLOCK_RESTORE,
    RLOCK_SAVE
};

static char is_true, is_false;
static struct lock {
    uintptr_t head[4];
    unsigned long count; // how often its thread has it
} locks[600];
static void *result;

static void *real_with_keywords(void *self, void *arguments, void *keywords) {
    assert_ptr_equal(arguments, &is_true);
    assert_ptr_equal(keywords, &is_false);
    ((struct lock *)self)->count += result == &is_true;
    return result;
}
static void *real_release(void *self, void *arguments) {
    struct lock *lock = self;
    assert_ptr_equal(arguments, &is_true);
    lock->count -= lock->count != 0;
    return result;
}
static unsigned long saved;
static void *real_save(void *self, void *arguments) {
    assert_ptr_equal(arguments, &is_true);
    saved = ((struct lock *)self)->count;
    ((struct lock *)self)->count = 0;
    return result;
}
static void *real_restore(void *self, void *arguments) {
    assert_ptr_equal(arguments, &is_true);
    ((struct lock *)self)->count = saved;
    return result;
}

static struct method {
    const char *name;
    void *call;
    int flags;
    const char *text;
} methods[METHODS];
static struct descriptor {
    void *head[5];
    struct method *method;
} descriptors[METHODS];
static uintptr_t addresses[METHODS];

static unsigned acquired, released;
static bool counts = true;
static bool note(bool is_release, uint64_t ns, uint32_t interval) {
    assert_true(ns < 60000000000u);
    *(is_release ? &released : &acquired) += interval;
    return counts;
}

static void *call(int method, void *lock) {
    void *arguments = &is_true, *keywords = &is_false;
    if (methods[method].flags == 3) {
        void *(*function)(void *, void *, void *);
        memcpy(&function, &methods[method].call, sizeof function);
        return function(lock, arguments, keywords);
    }
    void *(*function)(void *, void *);
    memcpy(&function, &methods[method].call, sizeof function);
    return function(lock, arguments);
}

static void make(void) {
    static const int flags[METHODS] = {3, 3, 3, 4, 4, 1, 3, 3, 4, 1, 1, 4};
    void *(*with_keywords)(void *, void *, void *) = real_with_keywords;
    void *(*plain[METHODS])(void *, void *) = {[RLOCK_RESTORE] = real_restore, [RLOCK_SAVE] = real_save};
    memset(locks, 0, sizeof locks);
    saved = 1;
    for (int i = 0; i < METHODS; i++) {
        methods[i] = (struct method){.name = strchr(python_locks_names[i], '.') + 1, .flags = flags[i]};
        plain[i] = plain[i] ? plain[i] : real_release;
        memcpy(&methods[i].call, flags[i] == 3 ? (void *)&with_keywords : (void *)&plain[i], sizeof methods[i].call);
        descriptors[i].method = &methods[i];
        addresses[i] = (uintptr_t)&descriptors[i];
    }
}

static int locks_setup(void **state) {
    (void)state;
    make();
    acquired = released = 0;
    counts = true;
    result = &is_true;
    if (python_locks_hook(addresses, METHODS, &is_true)) {
        return 1;
    }
    python_locks_sample(1, note);
    return 0;
}
static int locks_teardown(void **state) {
    (void)state;
    python_locks_sample(0, note);
    return 0;
}

TEST(others_are_refused) {
    make();
    assert_null(python_locks_names[METHODS]);
    assert_non_null(python_locks_hook(addresses, METHODS - 1, &is_true));
    methods[3].flags = 1;
    assert_non_null(python_locks_hook(addresses, METHODS, &is_true));
    make();
    methods[7].name = "enter";
    assert_non_null(python_locks_hook(addresses, METHODS, &is_true));
    assert_ptr_equal(call(LOCK_RELEASE, &locks[0]), result);
}

TEST_IN(locks, each_is_noted) {
    static const int pairs[][2] = {{LOCK_ACQUIRE, LOCK_RELEASE}, {LOCK_ACQUIRE_LOCK, LOCK_RELEASE_LOCK},
                                   {LOCK_ENTER, LOCK_EXIT},      {RLOCK_ACQUIRE, RLOCK_RELEASE},
                                   {RLOCK_ENTER, RLOCK_EXIT},    {RLOCK_RESTORE, RLOCK_SAVE}};
    assert_null(python_locks_hook(addresses, METHODS, &is_true)); // again
    for (unsigned i = 0; i < 6; i++) {
        assert_ptr_equal(call(pairs[i][0], &locks[i]), &is_true);
        assert_int_equal(acquired, i + 1);
        assert_int_equal(released, i);
        assert_ptr_equal(call(pairs[i][1], &locks[i]), &is_true);
        assert_int_equal(released, i + 1);
        assert_ptr_equal(call(pairs[i][1], &locks[i]), &is_true); // an error of the program's
        assert_int_equal(released, i + 1);
    }
}

TEST_IN(locks, one_that_was_not_acquired_is_not_held) {
    void *const results[] = {&is_false, NULL};
    for (unsigned i = 0; i < 2; i++) {
        result = results[i];
        assert_ptr_equal(call(LOCK_ACQUIRE, &locks[0]), result);
        assert_int_equal(acquired, i + 1);
        call(LOCK_RELEASE, &locks[0]);
        assert_int_equal(released, 0);
    }
}

TEST_IN(locks, recursion_ends_with_the_last_release) {
    for (int i = 0; i < 3; i++) {
        call(RLOCK_ENTER, &locks[1]);
    }
    call(RLOCK_EXIT, &locks[1]);
    call(RLOCK_RELEASE, &locks[1]);
    assert_int_equal(released, 0);
    call(RLOCK_EXIT, &locks[1]);
    assert_int_equal(released, 1);
    call(RLOCK_ENTER, &locks[1]);
    call(RLOCK_ENTER, &locks[1]);
    call(RLOCK_SAVE, &locks[1]); // all of it
    assert_int_equal(released, 2);
    assert_int_equal(acquired, 5);
}

// A condition lets go of all of it, and has it again as it was.
TEST_IN(locks, recursion_goes_on_after_a_wait) {
    call(RLOCK_ENTER, &locks[1]);
    call(RLOCK_ENTER, &locks[1]);
    call(RLOCK_SAVE, &locks[1]);
    call(RLOCK_RESTORE, &locks[1]);
    assert_int_equal(released, 1);
    call(RLOCK_EXIT, &locks[1]);
    assert_int_equal(released, 1);
    call(RLOCK_EXIT, &locks[1]);
    assert_int_equal(released, 2);
}

TEST_IN(locks, a_recursive_one_that_was_freed_while_it_was_held) {
    call(RLOCK_ENTER, &locks[1]);
    locks[1].count = 0; // another one is there now
    call(RLOCK_ENTER, &locks[1]);
    call(RLOCK_ENTER, &locks[1]);
    call(RLOCK_EXIT, &locks[1]);
    assert_int_equal(released, 0);
    call(RLOCK_EXIT, &locks[1]);
    assert_int_equal(released, 1);
}

TEST_IN(locks, what_does_not_count_is_not_held) {
    counts = false;
    call(LOCK_ACQUIRE, &locks[0]);
    call(LOCK_RELEASE, &locks[0]);
    assert_int_equal(released, 0);
}

TEST_IN(locks, one_that_has_the_address_of_a_held_one) {
    python_locks_sample(1u << 30, note); // the next one is far away
    call(LOCK_ACQUIRE, &locks[0]);
    assert_int_equal(acquired, 0);
    python_locks_sample(1, note);
    call(LOCK_ACQUIRE, &locks[0]); // and freed while it is held
    call(LOCK_ACQUIRE, &locks[0]); // measured anew
    call(LOCK_RELEASE, &locks[0]);
    assert_int_equal(released, 1);
    call(LOCK_RELEASE, &locks[0]);
    assert_int_equal(released, 1);
}

TEST_IN(locks, more_than_there_is_room_for) {
    for (int i = 0; i < 600; i++) {
        call(LOCK_ACQUIRE, &locks[i]);
    }
    for (int i = 0; i < 600; i++) {
        call(LOCK_RELEASE, &locks[i]);
    }
    assert_int_equal(acquired, 600);
    assert_in_range(released, 1, 256);
}

TEST_IN(locks, one_in_so_many_stands_for_all) {
    python_locks_sample(10, note);
    for (int i = 0; i < 100000; i++) {
        call(LOCK_ENTER, &locks[i % 600]);
        call(LOCK_EXIT, &locks[i % 600]);
    }
    assert_in_range(acquired, 98000, 102000); // ten standard errors
    assert_int_equal(acquired, released);
    python_locks_sample(0, note);
    call(LOCK_ENTER, &locks[0]);
    assert_in_range(acquired, 98000, 102000);
}

int main(void) {
    return tests_run();
}
