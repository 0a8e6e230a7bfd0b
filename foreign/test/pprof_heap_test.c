// pprof_heap_test.c: heap profiles as text. e2e/foreign compares whole files with google/pprof's reader.

#include "../../base/test/test.h"

#include "expect.h"

TEST(what_was_allocated_is_read_if_it_differs) {
    expect_read(
        FOREIGN_PPROF_HEAP, "heap profile: 1: 8 [2: 16] @ heapprofile\n 1: 8 [2: 16] @ 0x11\n\n# comment\n 0: 0 [3: 30] @\n",
        "alloc_objects/count alloc_space/bytes inuse_objects/count inuse_space/bytes\n+0x10 2 16 1 8 bytes=8\n 3 30 0 0 bytes=10\n");
    expect_read(FOREIGN_PPROF_HEAP, "heap profile: 1: 8 [0: 0] @ heapprofile\n 1: 8 [2: 16] @ 0x11\n",
                "objects/count space/bytes\n+0x10 1 8 bytes=8\n");
}

TEST(samples_become_estimates) {
    expect_read(FOREIGN_PPROF_HEAP, "heap profile: 1: 1024 [1: 1024] @ heap_v2/524288\n 1: 1024 [1: 1024] @ 0x11\n",
                "objects/count space/bytes\n+0x10 512 524800 bytes=1024\n");
    expect_read(FOREIGN_PPROF_HEAP, "heap profile: 1: 1024 [1: 1024] @ heap/1048576\n 1: 1024 [1: 1024] @ 0x11\n",
                "objects/count space/bytes\n+0x10 512 524800 bytes=1024\n");
    expect_read(FOREIGN_PPROF_HEAP, "heap profile: 1: 1024 [1: 1024] @ growthz\n 1: 1024 [1: 1024] @ 0x11\n",
                "objects/count space/bytes\n+0x10 1 1024 bytes=1024\n");
}

TEST(damage_is_named) {
    expect_fault(FOREIGN_PPROF_HEAP, "heap profile: 1: 8\n", 0,
                 "line 1: no heap profile's: \"heap profile: 1: 2 [3: 4] @ heap_v2/524288\" is expected");
    expect_fault(FOREIGN_PPROF_HEAP, "heap profile: 1: 8 [1: 8] @ magic\n", 0, "line 1: an unknown kind of heap profile: magic");
    expect_fault(FOREIGN_PPROF_HEAP, "heap profile: 1: 8 [1: 8] @ heap/x\n", 0, "line 1: the sampling interval is no number");
    expect_fault(FOREIGN_PPROF_HEAP, "heap profile: 1: 8 [1: 8] @ heap\n1: 8 @ 0x11\n", 33,
                 "line 2: no sample: \"1: 64 [2: 128] @ 0x4010\" is expected");
    expect_fault(FOREIGN_PPROF_HEAP, "heap profile: 1: 8 [1: 8] @ heap\n0: 8 [1: 8] @ 0x11\n", 33, "line 2: bytes of no objects");
}

int main(void) {
    return tests_run();
}
