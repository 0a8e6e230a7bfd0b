// resident_go_pages_test.c: a heap of Go's, written down by hand: one arena with objects, a stack, free pages and a large object that was
// never written to.

#include "../../base/test/test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "../resident.h"
#include "../resident_pieces.h"

enum { GO_PAGE = 8192, MIB = 1 << 20, CHUNK_GO_PAGES = 512, MAP_LEVEL = 8192, ARENAS = 1 << 22, SPANS = 8192, MSPAN_WORDS = 15 };
enum { CHUNKS_WORD = 16, ARENAS_WORD = CHUNKS_WORD + MAP_LEVEL + 40, HEAP_WORDS = ARENAS_WORD + 8 };

static uint64_t *heap, *chunks, *arenas, *spans, *span_records;
static char *arena;
static struct resident resident;

static void *map(void *at, size_t size) {
    void *mapped = mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_ptr_not_equal(mapped, MAP_FAILED);
    madvise(mapped, size, MADV_NOHUGEPAGE);
    return mapped;
}

static uint64_t number_of(uint64_t bytes) {
    return ((uintptr_t)arena - GO_ARENA_BASE) / bytes;
}

// Marks pages as allocated; state 1: of objects of the class, 2: of stacks.
static void add_span(size_t index, size_t first, size_t count, uint8_t state, uint8_t class) {
    uint64_t *record = span_records + index * MSPAN_WORDS;
    record[3] = (uintptr_t)arena + first * GO_PAGE;
    record[4] = count;
    uint8_t *bytes = (uint8_t *)record;
    bytes[98] = class;
    bytes[99] = state;
    record[13] = class / 2 == 0 ? count * GO_PAGE : 1024; // elemsize
    record[14] = record[3] + count * GO_PAGE;             // limit
    for (size_t i = first; i < first + count; i++) {
        spans[i] = (uintptr_t)record;
        uint64_t *chunk = chunks + (number_of(4 * MIB) % MAP_LEVEL + i / CHUNK_GO_PAGES) * 16;
        chunk[i % CHUNK_GO_PAGES / 64] |= UINT64_C(1) << i % 64;
    }
}

static void mark_returned(size_t first, size_t count) {
    for (size_t i = first; i < first + count; i++) {
        uint64_t *chunk = chunks + (number_of(4 * MIB) % MAP_LEVEL + i / CHUNK_GO_PAGES) * 16;
        chunk[8 + i % CHUNK_GO_PAGES / 64] |= UINT64_C(1) << i % 64;
    }
}

static void write_to(size_t first, size_t count) {
    memset(arena + first * GO_PAGE, 1, count * GO_PAGE);
}

static void open_heap(void) {
    char *room = map(NULL, 2 * GO_ARENA_BYTES);
    arena = (char *)(((uintptr_t)room + GO_ARENA_BYTES - 1) / GO_ARENA_BYTES * GO_ARENA_BYTES);
    heap = map(NULL, HEAP_WORDS * 8);
    chunks = map(NULL, MAP_LEVEL * 128);
    arenas = map(NULL, ARENAS * 8);
    spans = map(NULL, SPANS * 8 + 4096);
    span_records = map(NULL, 64 * MSPAN_WORDS * 8);
    heap[CHUNKS_WORD + number_of(4 * MIB) / MAP_LEVEL] = (uintptr_t)chunks;
    heap[ARENAS_WORD] = (uintptr_t)arenas;
    heap[CHUNKS_WORD + MAP_LEVEL + 3] = (uintptr_t)chunks; // leads nowhere
    arenas[number_of(GO_ARENA_BYTES)] = (uintptr_t)spans;

    add_span(0, 0, 4, 1, 20);     // small objects, written
    add_span(1, 4, 16, 2, 0);     // a stack, its upper half written
    add_span(2, 100, 1000, 1, 0); // a large object through two chunks, 10 pages written
    add_span(3, 1200, 128, 1, 1); // another one, written
    write_to(0, 4);
    write_to(12, 8);
    write_to(100, 10);
    write_to(1200, 128);
    write_to(2000, 50); // free
    write_to(3000, 7);  // free and given back, but touched again
    mark_returned(3000, 100);
}

static bool count(struct resident_go_pages *pages, struct resident_go *go) {
    assert_int_equal(resident_read_areas(&resident, getpid(), "maps"), SMAPS_OK);
    resident.is_own = resident.is_quick = resident.knows_go_heap = true;
    resident.go = *go;
    resident_claim(&resident, (uintptr_t)arena, (uintptr_t)arena + GO_ARENA_BYTES, RESIDENT_GO_HEAP, 0);
    resident_cut(&resident);
    for (size_t i = 0; i < resident.piece_count; i++) {
        assert_true(resident.pieces[i].part != RESIDENT_GO_HEAP || resident_count_piece(&resident, &resident.pieces[i]));
    }
    bool is_known = resident_count_go_pages(&resident, pages);
    *go = resident.go;
    resident_close(&resident);
    return is_known;
}

TEST(pages_are_in_use_for) {
    struct resident_go go = {.is_known = true, .is_go = true, .address = (uintptr_t)heap, .size = HEAP_WORDS * 8};
    struct resident_go_pages pages;
    for (int i = 0; i < 2; i++) { // the second time the map of arenas is known
        assert_true(count(&pages, &go));
        assert_int_equal(go.arenas, (uintptr_t)arenas);
        assert_int_equal(pages.free, 57 * GO_PAGE);
        assert_int_equal(pages.kept, 50 * GO_PAGE);
        assert_int_equal(pages.unwritten_stacks, 8 * GO_PAGE);
        assert_int_equal(pages.unwritten_objects, 990 * GO_PAGE);
        assert_int_equal(pages.large_count, 1);
        assert_int_equal(pages.large[0].size, 1000 * GO_PAGE);
        assert_int_equal(pages.large[0].unwritten, 990 * GO_PAGE);
    }
}

// Of a Go with other records, nothing is taken for true.
TEST(records_that_do_not_fit_are_passed_over) {
    struct resident_go go = {.is_known = true, .is_go = true, .address = (uintptr_t)heap, .size = HEAP_WORDS * 8};
    struct resident_go_pages pages;
    for (int i = 0; i < 4; i++) {
        span_records[i * MSPAN_WORDS + 3] += GO_ARENA_BYTES; // the spans are elsewhere
    }
    assert_true(count(&pages, &go));
    assert_int_equal(go.arenas, 0);
    assert_int_equal(pages.free, 57 * GO_PAGE);
    assert_int_equal(pages.large_count, 0);
    heap[CHUNKS_WORD + number_of(4 * MIB) / MAP_LEVEL] = 8; // and no map of chunks
    assert_false(count(&pages, &go));
}

int main(void) {
    open_heap();
    return tests_run();
}
