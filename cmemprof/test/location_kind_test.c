// location_kind_test.c: which locations are skipped on top of a stack, and whose memory it is.

#include "../../base/test/test.h"

#include "../location_kind.h"

#define STACK(...) ((const enum location_kind[]){__VA_ARGS__})

TEST(operator_new_by_symbol) {
    assert_int_equal(location_kind_of_c("_Znwm"), LOCATION_OPERATOR_NEW);
    assert_int_equal(location_kind_of_c("_ZnamRKSt9nothrow_t"), LOCATION_OPERATOR_NEW);
    assert_int_equal(location_kind_of_c("cmemprof_hook_operator_new_aligned"), LOCATION_OPERATOR_NEW);
    assert_int_equal(location_kind_of_c("_ZN6engine4PoolnwEm"), LOCATION_C);
    assert_int_equal(location_kind_of_c("x_cgo_mmap"), LOCATION_GO_MAPS);
    assert_int_equal(location_kind_of_c(""), LOCATION_C);
}

TEST(never_skips_the_last_frame) {
    assert_int_equal(location_kind_skipped(NULL, 0), 0);
    assert_int_equal(location_kind_skipped(STACK(LOCATION_OPERATOR_NEW), 1), 0);
    assert_int_equal(location_kind_skipped(STACK(LOCATION_OPERATOR_NEW, LOCATION_OPERATOR_NEW, LOCATION_C, LOCATION_OPERATOR_NEW), 4), 2);
    assert_int_equal(location_kind_skipped(STACK(LOCATION_C, LOCATION_OPERATOR_NEW), 2), 0);
}

static enum location_kind go(const char *const *functions) {
    enum location_kind kind = LOCATION_GO_RUNTIME;
    for (; *functions; functions++) {
        kind = location_kind_of_go(kind, *functions);
    }
    return kind;
}
#define GO(...) go((const char *const[]){__VA_ARGS__, NULL})

TEST(go_kind_by_package) {
    assert_int_equal(GO("runtime.cgocall"), LOCATION_GO_RUNTIME);
    assert_int_equal(GO("runtime/cgo._cgo_callback"), LOCATION_GO_RUNTIME);
    assert_int_equal(GO("asmcgocall"), LOCATION_GO_RUNTIME);
    assert_int_equal(GO("github.com/cmemprof/cmemprof/merge._Cfunc_x", "main.inlined"), LOCATION_OWN_GO);
    assert_int_equal(GO("main.x", "github.com/cmemprof/cmemprof/merge.(*Delta).Next"), LOCATION_GO);
    assert_int_equal(GO("github.com/cmemprof/cmemprof/goshim/profiler.wrap"), LOCATION_GO);
    assert_int_equal(GO("github.com/cmemprof/cmemprof/merger.x"), LOCATION_GO);
    assert_int_equal(GO("github.com/cmemprof/other/merge.x"), LOCATION_GO);
}

TEST(the_go_function_that_called_c_owns_the_memory) {
    assert_true(location_kind_is_own(STACK(LOCATION_C, LOCATION_C, LOCATION_GO_RUNTIME, LOCATION_OWN_GO, LOCATION_GO), 5));
    assert_false(location_kind_is_own(STACK(LOCATION_C, LOCATION_GO_RUNTIME, LOCATION_GO, LOCATION_OWN_GO), 4));
    assert_false(location_kind_is_own(STACK(LOCATION_C, LOCATION_C), 2));
    assert_false(location_kind_is_own(NULL, 0));
}

int main(void) {
    return tests_run();
}
