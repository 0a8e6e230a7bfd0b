// place_trait_test.c: what is left out on top of a stack, and whose memory it is.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdint.h>

#include "../place_trait.h"

#define STACK(...) ((const enum place_trait[]){__VA_ARGS__})

static void operators_new_are_told_by_their_symbol(void **state) {
    (void)state;
    assert_int_equal(place_trait_of_c("_Znwm"), PLACE_OPERATOR_NEW);
    assert_int_equal(place_trait_of_c("_ZnamRKSt9nothrow_t"), PLACE_OPERATOR_NEW);
    assert_int_equal(place_trait_of_c("cmemprof_hook_operator_new_aligned"), PLACE_OPERATOR_NEW);
    assert_int_equal(place_trait_of_c("_ZN6engine4PoolnwEm"), PLACE_C);
    assert_int_equal(place_trait_of_c(""), PLACE_C);
}

static void all_but_the_last_frame_may_be_left_out(void **state) {
    (void)state;
    assert_int_equal(place_trait_skipped(NULL, 0), 0);
    assert_int_equal(place_trait_skipped(STACK(PLACE_OPERATOR_NEW), 1), 0);
    assert_int_equal(place_trait_skipped(STACK(PLACE_OPERATOR_NEW, PLACE_OPERATOR_NEW, PLACE_C, PLACE_OPERATOR_NEW), 4), 2);
    assert_int_equal(place_trait_skipped(STACK(PLACE_C, PLACE_OPERATOR_NEW), 2), 0);
}

static enum place_trait go(const char *const *functions) {
    enum place_trait trait = PLACE_GO_RUNTIME;
    for (; *functions != NULL; functions++) {
        trait = place_trait_of_go(trait, *functions);
    }
    return trait;
}
#define GO(...) go((const char *const[]){__VA_ARGS__, NULL})

static void go_functions_are_told_by_their_package(void **state) {
    (void)state;
    assert_int_equal(GO("runtime.cgocall"), PLACE_GO_RUNTIME);
    assert_int_equal(GO("runtime/cgo._cgo_callback"), PLACE_GO_RUNTIME);
    assert_int_equal(GO("asmcgocall"), PLACE_GO_RUNTIME);
    assert_int_equal(GO("github.com/cmemprof/cmemprof/merge._Cfunc_x", "main.inlined"), PLACE_OWN_GO);
    assert_int_equal(GO("main.x", "github.com/cmemprof/cmemprof/merge.(*Delta).Next"), PLACE_GO);
    assert_int_equal(GO("github.com/cmemprof/cmemprof/goshim/profiler.wrap"), PLACE_GO);
    assert_int_equal(GO("github.com/cmemprof/cmemprof/merger.x"), PLACE_GO);
    assert_int_equal(GO("github.com/cmemprof/other/merge.x"), PLACE_GO);
}

static void the_go_function_that_called_c_owns_the_memory(void **state) {
    (void)state;
    assert_true(place_trait_is_own(STACK(PLACE_C, PLACE_C, PLACE_GO_RUNTIME, PLACE_OWN_GO, PLACE_GO), 5));
    assert_false(place_trait_is_own(STACK(PLACE_C, PLACE_GO_RUNTIME, PLACE_GO, PLACE_OWN_GO), 4));
    assert_false(place_trait_is_own(STACK(PLACE_C, PLACE_C), 2));
    assert_false(place_trait_is_own(NULL, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_new_are_told_by_their_symbol),
        cmocka_unit_test(all_but_the_last_frame_may_be_left_out),
        cmocka_unit_test(go_functions_are_told_by_their_package),
        cmocka_unit_test(the_go_function_that_called_c_owns_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
