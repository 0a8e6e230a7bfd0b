// go_program_test.c: a program of C is none of Go's, and where its code is. e2e/command runs Go programs.

#include "../../base/test/test.h"

#include "../go_program.h"

TEST(of_c) {
    struct go_program program;
    assert_false(go_program_find(&program));
    uintptr_t here = (uintptr_t)test_of_c;
    assert_true(here >= program.text_start && here < program.text_end);
    assert_true((uintptr_t)printf < program.text_start || (uintptr_t)printf >= program.text_end);
}

int main(void) {
    return tests_run();
}
