// resident_go_test.c: programs that are not Go's. What Go programs have is tested with real ones (e2e/memory).

#include "../../base/test/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../resident.h"

// Memory far from everything, as Go's heap is.
TEST(a_c_program_has_no_go_heap) {
    struct resident resident;
    char *far = mmap((void *)0xc000000000, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(far, MAP_FAILED);
    *far = 1;
    assert_int_equal(resident_read(getpid(), &resident), SMAPS_OK);
    assert_false(resident.go.is_go || resident.knows_go_heap);
    assert_int_equal(resident.parts[RESIDENT_GO_HEAP], 0);
    resident_close(&resident);
    munmap(far, 4 << 20);
}

int main(void) {
    return tests_run();
}
