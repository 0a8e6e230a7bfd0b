// jemalloc_test.c: heap profiles of jemalloc.

#include "../../base/test/test.h"

#include "expect.h"

TEST(the_sum_of_all_threads_is_read) {
    expect_read(FOREIGN_JEMALLOC,
                "heap_v2/524288\n  t*: 1: 1024 [0: 0]\n  t0: 1: 1024 [0: 0]\n@ 0x11 0x21\n  t*: 1: 1024 [0: 0]\n  t0: 1: 1024 [0: 0]\n"
                "MAPPED_LIBRARIES:\n00000000-00001000 r-xp 00000000 fd:01 1 /bin/x\n",
                "inuse_objects/count inuse_space/bytes\n/bin/x+0x10</bin/x+0x20 512 524800\n");
}

TEST(what_was_allocated_is_read_if_it_was_counted) {
    expect_read(FOREIGN_JEMALLOC, "heap_v2/1\n t*: 1: 8 [3: 24]\n@ 0x11\n t*: 1: 8 [2: 16]\n@ 0x21\n t*: 0: 0 [1: 8]\n",
                "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes\n+0x10 2 16 1 8\n+0x20 1 8 0 0\n");
}

TEST(damage_is_named) {
    expect_fault(FOREIGN_JEMALLOC, "heap_v2/x\n", 0, "line 1: \"heap_v2/\" and the sampling interval are expected");
    expect_fault(FOREIGN_JEMALLOC, "heap_v2/1\n@ 0x1\n", 10, "line 2: the sums of all threads are expected: \"t*: 1: 2 [3: 4]\"");
    expect_fault(FOREIGN_JEMALLOC, "heap_v2/1\n t*: 1: 8 [0: 0]\n t*: 1: 8 [0: 0]\n", 27,
                 "line 3: values that are of no stack, or damaged");
    expect_fault(FOREIGN_JEMALLOC, "heap_v2/1\n t*: 1: 8 [0: 0]\nx\n", 27, "line 3: neither a stack (@) nor its values (t*)");
}

int main(void) {
    return tests_run();
}
