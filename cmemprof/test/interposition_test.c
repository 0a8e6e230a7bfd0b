// interposition_test.c: the process's malloc is the hook, and the next definition is libc's. This program is hooked.

#include "../../base/test/test.h"

#include <dlfcn.h>

#include "../interposition.h"

TEST(next_definition_is_libcs) {
    static const char *const names[] = {"malloc", "free", "realloc", "posix_memalign", "malloc_usable_size", "dlclose"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        Dl_info info;
        void *next = interposition_next(names[i]);
        assert_non_null(next);
        assert_ptr_not_equal(next, dlsym(RTLD_DEFAULT, names[i])); // the hook comes first
        assert_int_not_equal(dladdr(next, &info), 0);
        assert_true(strstr(info.dli_fname, "libc") || strstr(info.dli_fname, "libdl")); // dlclose, before glibc 2.34
    }
    assert_null(interposition_next("no_such_function_anywhere"));
}

TEST(process_malloc_is_the_hook) {
    assert_true(interposition_is_active());
    assert_ptr_equal(dlsym(RTLD_DEFAULT, "malloc"), malloc);
}

int main(void) {
    return tests_run();
}
