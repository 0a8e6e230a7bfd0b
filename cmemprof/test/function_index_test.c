// function_index_test.c: the functions of this program by address: inlined ones, one in another, none.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dwarf.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "../function_index.h"
#include "../modules.h"

static inline __attribute__((always_inline)) uintptr_t inlined_callee(void) {
    uintptr_t here;
    __asm__ volatile("lea 0(%%rip), %0" : "=r"(here));
    return here;
}

static __attribute__((noinline)) uintptr_t outer_function(void) {
    return inlined_callee();
}

// Its debug data lies in that of the function around it.
static __attribute__((noinline)) uintptr_t with_a_function_inside(int n) {
    __attribute__((noinline)) uintptr_t inside(void) {
        __asm__ volatile("" : : "r"(n)); // else it is the same code as outer_function
        return inlined_callee();
    }
    return inside();
}

static Dwarf *dwarf;
static uintptr_t bias;
static struct function_index *function_index;

static int open_own_unit(void **state) {
    (void)state;
    struct modules modules = {0};
    Dwarf_Die unit;
    uint32_t ended;
    if (!modules_refresh(&modules, &ended)) {
        return -1;
    }
    bias = modules_find(&modules, (uintptr_t)open_own_unit, 0)->bias;
    modules_free(&modules);
    dwarf = dwarf_begin(open("/proc/self/exe", O_RDONLY), DWARF_C_READ);
    if (dwarf_addrdie(dwarf, (uintptr_t)open_own_unit - bias, &unit) == NULL) {
        return -1;
    }
    function_index = function_index_new(&unit);
    return function_index == NULL;
}

static int close_own_unit(void **state) {
    (void)state;
    function_index_free(function_index);
    return dwarf_end(dwarf);
}

static void check(uintptr_t address, size_t most, const char *const *names, size_t count) {
    Dwarf_Die scopes[8];
    size_t found = function_index_scopes(function_index, address - bias, scopes, most), functions = 0;
    assert_in_range(found, count, most);
    for (size_t i = 0; i < found; i++) {
        if (dwarf_tag(&scopes[i]) == DW_TAG_subprogram || dwarf_tag(&scopes[i]) == DW_TAG_inlined_subroutine) {
            assert_true(functions < count);
            assert_string_equal(dwarf_diename(&scopes[i]), names[functions++]);
        }
    }
    assert_int_equal(functions, count);
}

static void inlined_functions_are_the_innermost(void **state) {
    (void)state;
    static const char *const names[] = {"inlined_callee", "outer_function"};
    check(outer_function() - 1, 8, names, 2);
    check((uintptr_t)open_own_unit, 8, (const char *const[]){"open_own_unit"}, 1);
}

static void the_innermost_are_kept(void **state) {
    (void)state;
    static const char *const names[] = {"inlined_callee"};
    check(outer_function() - 1, 1, names, 1);
}

static void a_function_in_a_function_is_found(void **state) {
    (void)state;
    static const char *const names[] = {"inlined_callee", "inside"};
    check(with_a_function_inside(3) - 1, 8, names, 2);
    inlined_functions_are_the_innermost(state); // as before
}

static void no_function_is_there(void **state) {
    (void)state;
    Dwarf_Die scopes[8];
    assert_int_equal(function_index_scopes(function_index, 1, scopes, 8), 0);
    assert_int_equal(function_index_scopes(function_index, UINT64_MAX, scopes, 8), 0);
    assert_int_equal(function_index_scopes(function_index, (uintptr_t)strlen - bias, scopes, 8), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inlined_functions_are_the_innermost),
        cmocka_unit_test(the_innermost_are_kept),
        cmocka_unit_test(a_function_in_a_function_is_found),
        cmocka_unit_test(no_function_is_there),
    };
    return cmocka_run_group_tests(tests, open_own_unit, close_own_unit);
}
