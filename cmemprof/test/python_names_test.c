// python_names_test.c: equal names have one word, also if threads add them at the same time; a full table loses names, not frames.

#include "../../base/test/test.h"

#include <pthread.h>
#include <stdio.h>

#include "../python_names.h"

static struct python_names names;

static int names_setup(void **state) {
    (void)state;
    names = (struct python_names){0};
    return !python_names_open(&names);
}

static int names_teardown(void **state) {
    (void)state;
    python_names_close(&names);
    return 0;
}

static uintptr_t word(const char *function, const char *file, uint32_t first_line, uint32_t line) {
    return python_names_word(&names, &(struct python_name){function, file, strlen(function), strlen(file), first_line}, line);
}

static void expect(uintptr_t of, const char *function, const char *file, uint32_t first_line, uint32_t line) {
    struct python_name name;
    assert_true(python_names_is(of));
    assert_int_equal(python_names_get(&names, of, &name), line);
    assert_int_equal(name.function_size, strlen(function));
    assert_memory_equal(name.function, function, strlen(function));
    assert_int_equal(name.file_size, strlen(file));
    assert_memory_equal(name.file, file, strlen(file));
    assert_int_equal(name.first_line, first_line);
}

TEST_IN(names, equal_names_are_one) {
    uintptr_t first = word("load", "app.py", 10, 12);
    assert_int_equal(first, word("load", "app.py", 10, 12));
    size_t bytes = python_names_bytes(&names);
    expect(first, "load", "app.py", 10, 12);
    expect(word("load", "app.py", 10, 13), "load", "app.py", 10, 13);
    assert_int_equal(python_names_bytes(&names), bytes); // one name, two lines
    expect(word("load", "app.py", 20, 0), "load", "app.py", 20, 0);
    expect(word("loa", "dapp.py", 10, 12), "loa", "dapp.py", 10, 12);
    expect(word("", "", 0, UINT32_MAX), "", "", 0, (1 << 24) - 1);
    assert_int_equal(names.lost, 0);
    assert_false(python_names_is((uintptr_t)&names));
}

TEST_IN(names, words_that_are_no_names) { // bit 63 alone makes a word one of these
    word("load", "app.py", 10, 12);
    struct python_name name;
    for (unsigned bit = 24; bit < 63; bit++) {
        python_names_get(&names, UINTPTR_MAX << bit, &name);
        assert_int_equal(name.function_size, 0);
    }
}

TEST_IN(names, a_cleared_table_begins_anew) {
    uintptr_t before = word("load", "app.py", 10, 12);
    word("store", "app.py", 20, 21);
    names.lost = 3;
    python_names_clear(&names);
    assert_int_equal(names.lost, 0);
    size_t bytes = python_names_bytes(&names);
    assert_int_equal(before, word("write", "x.py", 1, 12)); // its place
    expect(before, "write", "x.py", 1, 12);
    assert_true(python_names_bytes(&names) > bytes);
    python_names_close(&names);
    python_names_clear(&names); // nothing is there
}

TEST_IN(names, a_full_table_loses_names) {
    char function[PYTHON_NAME_BYTES + 1], file[PYTHON_FILE_BYTES + 1];
    uintptr_t first = word("first", "app.py", 1, 2), last = 0;
    for (int i = 0; i < 40000 && names.lost == 0; i++) {
        snprintf(function, sizeof function, "%0*d", (int)sizeof function - 1, i);
        snprintf(file, sizeof file, "%0*d", (int)sizeof file - 1, i);
        last = word(function, file, 1, 77);
    }
    assert_int_equal(names.lost, 1);
    expect(last, "", "", 0, 77);
    expect(first, "first", "app.py", 1, 2);
    assert_int_equal(first, word("first", "app.py", 1, 2));
    assert_true(python_names_bytes(&names) < 3 << 20);
}

TEST_IN(names, without_a_table) {
    python_names_close(&names);
    expect(word("load", "app.py", 10, 12), "", "", 0, 12);
    assert_int_equal(python_names_bytes(&names), 0);
}

enum { THREADS = 4, FUNCTIONS = 500 };
static uintptr_t seen[THREADS][FUNCTIONS];

static void *add(void *own) {
    for (uint32_t i = 0; i < FUNCTIONS; i++) {
        char function[20];
        snprintf(function, sizeof function, "f%u", i);
        ((uintptr_t *)own)[i] = word(function, "app.py", i, i);
    }
    return NULL;
}

TEST_IN(names, threads_add_the_same) {
    pthread_t ids[THREADS];
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&ids[i], NULL, add, seen[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(ids[i], NULL);
    }
    for (int i = 1; i < THREADS; i++) {
        assert_memory_equal(seen[i], seen[0], sizeof seen[0]);
    }
}

int main(void) {
    return tests_run();
}
