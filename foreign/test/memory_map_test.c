// memory_map_test.c: mappings in the kernel's form and in pprof's.

#include "../../base/test/test.h"

#include "expect.h"

#define HEAP "heap profile: 1: 8 [1: 8] @ heapprofile\n"

TEST(the_kernels_form) {
    expect_read(FOREIGN_PPROF_HEAP,
                HEAP
                " 1: 8 [1: 8] @ 0x401011 0x7f0000002001\nMAPPED_LIBRARIES:\n00400000-00402000 r-xp 00001000 fd:01 12   /usr/bin/my app\n"
                "00402000-00403000 rw-p 00003000 fd:01 12   /usr/bin/my app\n7f0000000000-7f0000001000 r-xp 00000000 fd:01 1 /lib/a.so\n"
                "7f0000001000-7f0000003000 r-xp 00001000 fd:01 1 /lib/a.so\n7f0000009000-7f000000a000 rw-p 00000000 00:00 0\n",
                "objects/count space/bytes\n/usr/bin/my app+0x2010</lib/a.so+0x2000 1 8 bytes=8\n");
}

TEST(pprofs_form) {
    expect_read(FOREIGN_PPROF_HEAP,
                HEAP " 1: 8 [1: 8] @ 0x401011 0x40001 0x9001\n--- Memory map: ---\n0x400000-0x402000: /bin/x (@1000) ABC123\n"
                     "  40000-0x41000 /bin/y\nnothing here\n",
                "objects/count space/bytes\n/bin/x+0x2010</bin/y+0x0<+0x9000 1 8 bytes=8\n");
}

TEST(files_may_have_a_root) {
    expect_read(FOREIGN_PPROF_HEAP,
                HEAP " 1: 8 [1: 8] @ 0x11 0x1011 0x2011\nMAPPED_LIBRARIES:\nsource = /home\n0-1000: $source/app\n1000-2000: $sources/b\n"
                     "2000-3000: $other/c\n",
                "objects/count space/bytes\n/home/app+0x10<$sources/b+0x10<$other/c+0x10 1 8 bytes=8\n");
}

TEST(the_first_part_of_a_mapping_may_be_missing) {
    expect_read(FOREIGN_PPROF_HEAP, HEAP " 1: 8 [1: 8] @ 0x400101\nMAPPED_LIBRARIES:\n00401000-00402000 r-xp 00001000 fd:01 12 /bin/x\n",
                "objects/count space/bytes\n/bin/x+0x100 1 8 bytes=8\n");
}

int main(void) {
    return tests_run();
}
