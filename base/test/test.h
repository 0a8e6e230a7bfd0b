// test.h: what each C test includes first: cmocka with the headers it needs, and the tests of a program.
//
// A test adds itself to its program; tests run in the order in which they stand in the file:
//
//     TEST(numbers_survive) { ... }
//     TEST_IN(folder, files_are_replaced) { ... } // between folder_setup and folder_teardown
//
//     int main(void) {
//         return tests_run();
//     }
//
// A fixture NAME is two functions, static int NAME_setup(void **state) and NAME_teardown, which return 0 if all went well. A test's name is
// a statement that holds if it passes. TEST(x) defines test_x, with *state as its fixture has set it.
#ifndef CMEMPROF_BASE_TEST_H
#define CMEMPROF_BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TEST_CAPACITY = 64 };

static struct {
    struct CMUnitTest tests[TEST_CAPACITY];
    int lines[TEST_CAPACITY];
    size_t count;
} tests_added;

// Keeps the list in the order of lines: the compiler chooses that of constructors. Static memory: nothing is allocated before main.
static inline void tests_add(int line, struct CMUnitTest test) {
    if (tests_added.count == TEST_CAPACITY) {
        fputs("test.h: TEST_CAPACITY is too small\n", stderr);
        abort();
    }
    size_t at = tests_added.count++;
    for (; at > 0 && tests_added.lines[at - 1] > line; at--) {
        tests_added.tests[at] = tests_added.tests[at - 1];
        tests_added.lines[at] = tests_added.lines[at - 1];
    }
    tests_added.tests[at] = test;
    tests_added.lines[at] = line;
}

#define TEST_BETWEEN(setup, teardown, name)                                                                                                \
    static void test_##name(void **state);                                                                                                 \
    __attribute__((constructor)) static void tests_add_##name(void) {                                                                      \
        tests_add(__LINE__, (struct CMUnitTest){#name, test_##name, setup, teardown, NULL});                                               \
    }                                                                                                                                      \
    static void test_##name(void **state __attribute__((unused)))
#define TEST(name) TEST_BETWEEN(NULL, NULL, name)
#define TEST_IN(fixture, name) TEST_BETWEEN(fixture##_setup, fixture##_teardown, name)

// Returns the number of tests that failed: the exit status of the program.
static inline int tests_run(void) {
    int failed = _cmocka_run_group_tests("tests", tests_added.tests, tests_added.count, NULL, NULL);
    __asm__ volatile("" ::: "memory"); // no jump: main stays on the stack, where tests of stacks look for it
    return failed;
}

#endif
