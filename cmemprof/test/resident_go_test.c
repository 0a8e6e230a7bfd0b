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

#define MIB ((size_t)1 << 20)

// A heap's record with one list of arenas, read often, as a profiler does. What is remembered of it is no more than a shortcut: a longer
// list in the same place, and a list in another one, are found.
TEST(lists_of_arenas_are_found_again) {
    enum { WORDS = 9000 };
    static uint64_t heap[WORDS];
    char *space = mmap(NULL, 192 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    char *arenas = space + (GO_ARENA_BYTES - (uintptr_t)space % GO_ARENA_BYTES) % GO_ARENA_BYTES;
    madvise(arenas, 128 * MIB, MADV_NOHUGEPAGE);
    memset(arenas, 1, MIB);
    memset(arenas + 64 * MIB, 1, 2 * MIB);
    uint64_t first = ((uintptr_t)arenas - GO_ARENA_BASE) / GO_ARENA_BYTES, numbers[2] = {first, first + 1}, none[4] = {1, 2, 3, 4};
    struct resident_go go = {.is_known = true, .is_go = true, .address = (uintptr_t)heap, .size = sizeof heap};
    const struct resident_own own = {.go = &go};
    for (int i = 0; i < 12; i++) {
        size_t at = i < 9 ? 8200 : 8300, count = i < 6 ? 1 : 2;
        memset(heap, 0, sizeof heap);
        memcpy(heap + at, (const uint64_t[]){(uintptr_t)numbers, count, 2}, 3 * sizeof *heap);
        memcpy(heap + 100, (const uint64_t[]){(uintptr_t)none, 4, 4}, 3 * sizeof *heap); // looks like one
        struct resident resident;
        assert_int_equal(resident_read_own(&resident, &own), SMAPS_OK);
        assert_true(resident.knows_go_heap);
        assert_int_equal(resident.parts[RESIDENT_GO_HEAP], count == 1 ? MIB : 3 * MIB);
        resident_close(&resident);
    }
    assert_int_equal(go.list_count, 2);
    munmap(space, 192 * MIB);
}

int main(void) {
    return tests_run();
}
