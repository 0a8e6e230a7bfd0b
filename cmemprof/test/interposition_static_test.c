// interposition_static_test.c: the linker's names for a static program resolve as they should. The file is compiled again here as for a
// static program, with this test's objects in place of libc's functions. e2e/ways tests whole static programs.

#include "../../base/test/test.h"

#include "../namespace.h"
#undef interposition_next
#undef interposition_is_active
#undef interposition_next_in_object
#undef interposition_other_object
#define interposition_next static_interposition_next
#define interposition_is_active static_interposition_is_active
#define interposition_next_in_object static_interposition_next_in_object
#define interposition_other_object static_interposition_other_object
#define CMEMPROF_STATIC

#include "../interposition_static.c"

char __real_malloc[1], __real_calloc[1], __real_realloc[1], __real_free[1], __real_posix_memalign[1], __real_aligned_alloc[1],
    __real_memalign[1], __real_valloc[1], __real_pvalloc[1], __real_malloc_usable_size[1], __real_dlclose[1], __real_mmap[1],
    __real_munmap[1], __real_mremap[1], __real_shmat[1], __real_shmdt[1], __real_pthread_create[1];

TEST(each_name_resolves_to_its_function) {
    assert_ptr_equal(static_interposition_next("malloc"), __real_malloc);
    assert_ptr_equal(static_interposition_next("calloc"), __real_calloc);
    assert_ptr_equal(static_interposition_next("realloc"), __real_realloc);
    assert_ptr_equal(static_interposition_next("free"), __real_free);
    assert_ptr_equal(static_interposition_next("posix_memalign"), __real_posix_memalign);
    assert_ptr_equal(static_interposition_next("aligned_alloc"), __real_aligned_alloc);
    assert_ptr_equal(static_interposition_next("memalign"), __real_memalign);
    assert_ptr_equal(static_interposition_next("valloc"), __real_valloc);
    assert_ptr_equal(static_interposition_next("pvalloc"), __real_pvalloc);
    assert_ptr_equal(static_interposition_next("malloc_usable_size"), __real_malloc_usable_size);
    assert_ptr_equal(static_interposition_next("dlclose"), __real_dlclose);
    assert_ptr_equal(static_interposition_next("mmap"), __real_mmap);
    assert_ptr_equal(static_interposition_next("munmap"), __real_munmap);
    assert_ptr_equal(static_interposition_next("mremap"), __real_mremap);
    assert_ptr_equal(static_interposition_next("shmat"), __real_shmat);
    assert_ptr_equal(static_interposition_next("shmdt"), __real_shmdt);
    assert_ptr_equal(static_interposition_next("pthread_create"), __real_pthread_create);
    assert_null(static_interposition_next("mallo"));
    assert_null(static_interposition_next(""));
}

TEST(compares_the_programs_malloc) {
    assert_true(static_interposition_is_active()); // this program's malloc is hook.c's
}

int main(void) {
    return tests_run();
}
