// next_allocator_test.c: the allocator behind is found, and is not ourselves.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "../next_allocator.h"

static void every_function_is_found_behind_ours(void **state) {
    (void)state;
    free(malloc(1)); // whoever was first has found them by now
    Dl_info info;
    const void *const found[] = {(void *)next_allocator.malloc,         (void *)next_allocator.calloc,
                                 (void *)next_allocator.realloc,        (void *)next_allocator.free,
                                 (void *)next_allocator.posix_memalign, (void *)next_allocator.memalign,
                                 (void *)next_allocator.aligned_alloc,  (void *)next_allocator.valloc,
                                 (void *)next_allocator.pvalloc,        (void *)next_allocator.malloc_usable_size,
                                 (void *)next_allocator.dlclose};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        assert_non_null(found[i]);
        assert_int_not_equal(dladdr(found[i], &info), 0);
        assert_non_null(strstr(info.dli_fname, "libc"));
    }
    assert_ptr_not_equal(next_allocator.malloc, malloc);
    assert_ptr_equal(dlsym(RTLD_DEFAULT, "malloc"), malloc); // and the process's malloc is ours
}

static void the_static_arena_owns_nothing_else(void **state) {
    (void)state;
    int on_stack;
    assert_false(bootstrap_owns(NULL));
    assert_false(bootstrap_owns(&on_stack));
    assert_false(bootstrap_owns(next_allocator.malloc));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_is_found_behind_ours),
        cmocka_unit_test(the_static_arena_owns_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
