// python_test.c: a program without an interpreter has none. e2e/python has those with one.

#include "../../base/test/test.h"

#include "../python.h"

TEST(no_interpreter) {
    struct python_symbols symbols;
    assert_false(python_find(&symbols));
}

int main(void) {
    return tests_run();
}
