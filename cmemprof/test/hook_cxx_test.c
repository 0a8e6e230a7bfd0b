// hook_cxx_test.c: the operators in a program without C++. What needs C++ is tested in e2e/allocators.

#include "../../base/test/test.h"

#include "../cmemprof.h"

void *_Znwm(size_t size);
void *_Znam(size_t size);
void *_ZnwmSt11align_val_t(size_t size, size_t alignment);
void *_ZnamRKSt9nothrow_t(size_t size, const void *tag);
void *_ZnwmSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const void *tag);
void _ZdlPv(void *block);
void _ZdaPvm(void *block, size_t size);
void _ZdaPvmSt11align_val_t(void *block, size_t size, size_t alignment);

static uint64_t live(void) {
    struct cmemprof_stats stats;
    cmemprof_get_stats(&stats);
    return stats.live;
}

TEST(new_is_sampled_and_delete_tracked) {
    assert_int_equal(cmemprof_start(1), CMEMPROF_OK);
    uint64_t before = live();
    void *plain = _Znwm(100), *array = _Znam(0), *aligned = _ZnwmSt11align_val_t(100, 8192);
    uint64_t during = live();
    assert_non_null(plain);
    assert_non_null(array);
    assert_int_equal((uintptr_t)aligned % 8192, 0);
    memset(aligned, 1, 100);
    _ZdlPv(plain);
    _ZdaPvm(array, 0);
    _ZdaPvmSt11align_val_t(aligned, 100, 8192);
    uint64_t after = live();
    cmemprof_stop();
    assert_int_equal(during - before, 3);
    assert_int_equal(after, before);
}

TEST(nothrow_gives_null_without_a_cxx_library) {
    volatile size_t too_much = SIZE_MAX / 2;
    assert_null(_ZnamRKSt9nothrow_t(too_much, ""));
    assert_null(_ZnwmSt11align_val_tRKSt9nothrow_t(too_much, 64, ""));
    _ZdlPv(NULL);
}

int main(void) {
    return tests_run();
}
