// resident_pieces_test.c: claims cut areas, and each piece has the pages that are its own.

#include "../../base/test/test.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../resident_pieces.h"

enum { PAGE = 4096, PAGES = 64 };
static struct resident resident;
static char *area;

// One area of 64 pages, of which the second half is touched.
static int area_setup(void **state) {
    (void)state;
    resident = (struct resident){.pid = getpid(), .bytes_file = -1, .pages_file = -1};
    symbolizer_arena_open(&resident.memory);
    resident_name(&resident, "");
    area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(area, PAGES * PAGE, MADV_NOHUGEPAGE);
    memset(area + PAGES / 2 * PAGE, 1, PAGES / 2 * PAGE);
    resident.pages_file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    resident.reads_pages = true;
    resident_add_piece(&resident, &(struct resident_piece){.low = (uintptr_t)area,
                                                           .high = (uintptr_t)area + PAGES * PAGE,
                                                           .rss = PAGES / 2 * PAGE,
                                                           .anonymous_kib = PAGES / 2 * PAGE / 1024,
                                                           .part = RESIDENT_UNEXPLAINED,
                                                           .is_private = true,
                                                           .is_readable = true,
                                                           .is_writable = true});
    return 0;
}

static int area_teardown(void **state) {
    (void)state;
    munmap(area, PAGES * PAGE);
    resident_close(&resident);
    return 0;
}

static void claim_pages(size_t first, size_t end, enum resident_part part) {
    resident_claim(&resident, (uintptr_t)area + first * PAGE, (uintptr_t)area + end * PAGE, part, 0);
}

static void assert_piece(size_t index, size_t first, size_t end, enum resident_part part, size_t pages) {
    const struct resident_piece *piece = &resident.pieces[index];
    assert_int_equal(piece->low, (uintptr_t)area + first * PAGE);
    assert_int_equal(piece->high, (uintptr_t)area + end * PAGE);
    assert_int_equal(piece->part, part);
    assert_int_equal(piece->rss, pages * PAGE);
}

TEST_IN(area, pieces_have_their_own_pages) {
    claim_pages(40, 50, RESIDENT_GO_HEAP); // in any order
    claim_pages(10, 34, RESIDENT_STACKS);
    resident_cut(&resident);
    assert_int_equal(resident.piece_count, 5);
    assert_piece(0, 0, 10, RESIDENT_UNEXPLAINED, 0);
    assert_piece(1, 10, 34, RESIDENT_STACKS, 2);
    assert_piece(2, 34, 40, RESIDENT_UNEXPLAINED, 6);
    assert_piece(3, 40, 50, RESIDENT_GO_HEAP, 10);
    assert_piece(4, 50, 64, RESIDENT_UNEXPLAINED, 14);
    assert_true(resident.reads_pages);
    assert_ptr_equal(resident_piece_at(&resident, (uintptr_t)area + 12 * PAGE), &resident.pieces[1]);
    assert_null(resident_piece_at(&resident, (uintptr_t)area + PAGES * PAGE));
}

TEST_IN(area, the_first_of_overlapping_claims_counts) {
    claim_pages(32, 48, RESIDENT_STACKS);
    claim_pages(40, 56, RESIDENT_MALLOC);
    claim_pages(36, 44, RESIDENT_GO_HEAP);                                                                    // within the first
    resident_claim(&resident, 0, (uintptr_t)area + 2 * PAGE, RESIDENT_MALLOC, 0);                             // from before the area
    resident_claim(&resident, (uintptr_t)area + 60 * PAGE, (uintptr_t)area + 90 * PAGE, RESIDENT_GO_HEAP, 0); // to behind it
    resident_cut(&resident);
    assert_int_equal(resident.piece_count, 6);
    assert_piece(0, 0, 2, RESIDENT_MALLOC, 0);
    assert_piece(2, 32, 48, RESIDENT_STACKS, 16);
    assert_piece(3, 48, 56, RESIDENT_MALLOC, 8);
    assert_piece(5, 60, 64, RESIDENT_GO_HEAP, 4);
}

// Pages that came since the area was read change the shares, not the sum.
TEST_IN(area, the_sum_stays_the_areas) {
    memset(area, 1, 16 * PAGE);
    claim_pages(0, 16, RESIDENT_STACKS);
    resident_cut(&resident);
    assert_int_equal(resident.piece_count, 2);
    assert_int_equal(resident.pieces[0].rss + resident.pieces[1].rss, PAGES / 2 * PAGE);
    assert_true(resident.pieces[0].rss > 0 && resident.pieces[1].rss > resident.pieces[0].rss);
    assert_int_equal(resident.pieces[0].anonymous_kib + resident.pieces[1].anonymous_kib, PAGES / 2 * PAGE / 1024);
}

TEST_IN(area, without_pages_lengths_count) {
    close(resident.pages_file);
    resident.pages_file = -1;
    claim_pages(0, 16, RESIDENT_STACKS);
    resident_cut(&resident);
    assert_false(resident.reads_pages);
    assert_piece(0, 0, 16, RESIDENT_STACKS, 8);
    assert_piece(1, 16, 64, RESIDENT_UNEXPLAINED, 24);
}

TEST_IN(area, what_is_not_present_is_not_touched) {
    static char bytes[PAGES * PAGE];
    size_t left = PAGES;
    memset(bytes, 2, sizeof bytes);
    resident.bytes_file = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    assert_true(resident_bytes(&resident, (uintptr_t)area + 100, bytes, sizeof bytes - 100));
    assert_int_equal(bytes[PAGES / 2 * PAGE - 101], 0);
    assert_int_equal(bytes[PAGES / 2 * PAGE - 100], 1);
    assert_int_equal(resident_next_present(&resident, (uintptr_t)area, (uintptr_t)area + PAGES * PAGE, &left),
                     (uintptr_t)area + PAGES / 2 * PAGE);
}

TEST_IN(area, names_are_kept_once) {
    char name[32];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 3000; i++) {
            snprintf(name, sizeof name, "name %d", i);
            assert_int_equal(resident_name(&resident, name), i + 1);
        }
    }
    assert_int_equal(resident_name(&resident, ""), 0);
    assert_string_equal(resident.names[2718].text, "name 2717");
}

int main(void) {
    return tests_run();
}
