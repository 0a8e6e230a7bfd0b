// python_threads_test.c: the list of an interpreter's threads is followed, as far as it is one.

#include "../../base/test/test.h"

#include "../../cmemprof/test/like_python.h"
#include "../../base/test/emulated.h"
#include "../python_threads.h"

const char like_python_type;

static char interpreter[64], states[3][256];
static bool is_ending;
static int ended(void) {
    return is_ending;
}
static void *nothing(void) {
    return NULL;
}
static void *main_interpreter(void) {
    return interpreter;
}
static void *first_thread(void *of) {
    return of == interpreter ? states[0] : NULL;
}

static struct python python;
static struct python_reader reader;
static struct python_copies copies;
static struct python_thread threads[4];

static size_t list(size_t capacity) {
    python_reader_begin(&reader, &copies);
    return python_threads_list(&python, &reader, threads, capacity);
}

static void put(size_t at, uint64_t id, const void *next, const void *of) {
    like_python_put(states[at], python.layout->thread_native_id, id);
    like_python_put(states[at], python.layout->thread_next, (uintptr_t)next);
    like_python_put(states[at], python.layout->thread_interpreter, (uintptr_t)of);
}

static int python_setup(void **state) {
    (void)state;
    const struct python_symbols symbols = {.this_thread = nothing,
                                           .running = nothing,
                                           .is_finalizing = ended,
                                           .main_interpreter = main_interpreter,
                                           .first_thread = first_thread,
                                           .code_type = (uintptr_t)&like_python_type,
                                           .version = 0x030c00f0};
    memset(&python, 0, sizeof python);
    is_ending = !python_start(&python, &symbols);
    for (size_t i = 0; i < 3; i++) {
        put(i, 100 + i, i < 2 ? states[i + 1] : NULL, interpreter);
    }
    return is_ending;
}
static int python_teardown(void **state) {
    (void)state;
    python_names_close(&python.names);
    return 0;
}

TEST_IN(python, threads_are_listed) {
    SKIP_EMULATED(EMULATED_READV);
    assert_true(python_threads_are_seen(&python));
    assert_int_equal(list(4), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(threads[i].id, 100 + i);
        assert_int_equal(threads[i].state, states[i]);
    }
    assert_int_equal(list(2), 2);
    put(1, 0, states[2], interpreter); // nobody has it yet
    assert_int_equal(list(4), 2);
    is_ending = true;
    assert_int_equal(list(4), 0);
}

TEST_IN(python, what_is_no_list_ends_it) {
    SKIP_EMULATED(EMULATED_READV);
    put(1, 101, states[2], "another");
    assert_int_equal(list(4), 1);
    put(1, 101, states[1], interpreter); // its own next one
    assert_int_equal(list(4), 2);
    put(1, 101, states[0], interpreter); // a ring
    assert_int_equal(list(4), 4);
    put(1, 101, (void *)64, interpreter); // nowhere
    assert_int_equal(list(4), 2);
    put(0, 100, states[1], NULL); // freed
    assert_int_equal(list(4), 0);
}

TEST(without_an_interpreter_none_are_seen) {
    static struct python none;
    assert_false(python_threads_are_seen(&none));
}

int main(void) {
    return tests_run();
}
