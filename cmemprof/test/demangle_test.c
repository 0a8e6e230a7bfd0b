// demangle_test.c: C++ names become readable when a C++ runtime is there, and nothing else is touched.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <stdlib.h>

#include "../demangle.h"

static void readable_with_a_runtime_only(void **state) {
    (void)state;
    if (dlsym(RTLD_DEFAULT, "__cxa_demangle") == NULL) { // this program is C; a sanitizer brings a C++ runtime
        assert_null(demangle("_ZNSt6vectorIiSaIiEE9push_backEOi"));
    }
    assert_non_null(dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL));
    char *name = demangle("_ZNSt6vectorIiSaIiEE9push_backEOi");
    assert_string_equal(name, "std::vector<int, std::allocator<int> >::push_back(int&&)");
    free(name);
    assert_null(demangle("sqlite3_step"));
    assert_null(demangle(""));
    assert_null(demangle("_Z"));
    assert_null(demangle("_ZN"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(readable_with_a_runtime_only)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
