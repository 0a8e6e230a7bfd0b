// real_allocator_test.c: the real allocator is resolved, and is not the hooks.

#include "../../base/test/test.h"

#include <dlfcn.h>
#include <malloc.h>

#include "../real_allocator.h"

TEST(resolves_every_function) {
    free(malloc(1)); // the first call has resolved it
    Dl_info info;
    const void *const found[] = {(void *)real_allocator.malloc,         (void *)real_allocator.calloc,
                                 (void *)real_allocator.realloc,        (void *)real_allocator.free,
                                 (void *)real_allocator.posix_memalign, (void *)real_allocator.memalign,
                                 (void *)real_allocator.aligned_alloc,  (void *)real_allocator.valloc,
                                 (void *)real_allocator.pvalloc,        (void *)real_allocator.malloc_usable_size,
                                 (void *)real_allocator.dlclose};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        assert_non_null(found[i]);
        assert_int_not_equal(dladdr(found[i], &info), 0);
        assert_true(strstr(info.dli_fname, "libc") || strstr(info.dli_fname, "libdl")); // dlclose, before glibc 2.34
    }
    assert_ptr_not_equal(real_allocator.malloc, malloc);
    assert_ptr_equal(dlsym(RTLD_DEFAULT, "malloc"), malloc); // and the process's malloc is the hook
}

TEST(bootstrap_arena_owns_only_its_blocks) {
    int on_stack;
    assert_false(bootstrap_owns(NULL));
    assert_false(bootstrap_owns(&on_stack));
    assert_false(bootstrap_owns(real_allocator.malloc));
}

int main(void) {
    return tests_run();
}
