// resident_go_pages.c (resident): what the pages of Go's heap are in use for, by the records of its page allocator and of its spans.
//
// The layouts are those of Go 1.22 to 1.27 (runtime/mheap.go, mpagealloc.go). Whether they are this Go's shows: the map of arenas is found
// by what it leads to, each span must contain the page that led to it, and the caller compares the sums with what the runtime says.
//
// All is read while the program runs, and through /proc/self/mem, so that a wrong address is an error and no fault.

#include <string.h>

#include "resident_pieces.h"

enum { PAGE_BYTES = 4096, GO_PAGE_BYTES = 8192 };

// mheap_ begins with a lock of 8 bytes and the page allocator: slices of 5 levels of summaries, then the first level of a map of chunks.
enum { CHUNKS_OFFSET = 8 + 5 * 24, CHUNK_MAP_LEVEL = 8192, CHUNK_GO_PAGES = 512, CHUNKS_OF_ARENA = 16 };
enum { CHUNK_BYTES = CHUNK_GO_PAGES * GO_PAGE_BYTES, CHUNK_PAGES = CHUNK_BYTES / PAGE_BYTES };
struct chunk {
    uint64_t allocated[CHUNK_GO_PAGES / 64], returned[CHUNK_GO_PAGES / 64]; // a bit for each Go page
};
_Static_assert(GO_ARENA_BYTES == (uint64_t)CHUNK_BYTES * CHUNKS_OF_ARENA, "chunks of an arena");

// Further behind is the address of the map of arenas. An arena's record begins with the addresses of its pages' spans.
enum { ARENAS = 1 << 22, SPANS_OF_ARENA = 8192 };
struct span {
    uint64_t next, previous, list, start, pages, manual_free_list;
    uint16_t free_index, elements, free_index_for_scan, scan_index;
    uint64_t cache, bits, mark_bits, pinner_bits;
    uint32_t sweep_generation, divisor;
    uint16_t allocated;
    uint8_t class, state, needs_zero, is_user_arena;
    uint16_t allocated_before_cache;
    uint64_t element_bytes, limit;
};
enum { SPAN_OF_OBJECTS = 1, SPAN_OF_STACKS = 2 };
_Static_assert(offsetof(struct span, state) == 99 && offsetof(struct span, element_bytes) == 104, "mspan");

// Each look is a system call: at most so many in all, 3 ms. Only spans that are not resident as a whole need one. What was not looked at is
// taken to be like the rest.
enum { MAX_LOOKS = 2048 };

struct walk {
    struct resident *resident;
    struct resident_go_pages *pages;
    uint64_t *spans; // of the present arena
    bool has_spans;
    size_t looks;
    uint64_t not_looked_at;
    uint64_t last_start, last_end; // of the last span
    struct span last;
};

static bool is_set(const uint64_t *bits, size_t bit) {
    return (bits[bit / 64] >> bit % 64 & 1) != 0;
}

// ---- Spans ----

static bool read_span(const struct resident *resident, uint64_t address, uint64_t page, struct span *span) {
    return address % 8 == 0 && resident_piece_at(resident, address) && resident_page_bytes(resident, address, span, sizeof *span) &&
           span->start % GO_PAGE_BYTES == 0 && span->pages > 0 && span->pages <= UINT32_MAX && page >= span->start &&
           page - span->start < span->pages * GO_PAGE_BYTES &&
           (span->state == SPAN_OF_STACKS || (span->state == SPAN_OF_OBJECTS && span->element_bytes > 0 && span->limit > span->start &&
                                              span->limit - span->start <= span->pages * GO_PAGE_BYTES));
}

static bool read_spans(const struct resident *resident, uint64_t arenas, uint64_t arena, uint64_t *spans) {
    uint64_t record;
    return resident_bytes(resident, arenas + (arena - GO_ARENA_BASE) / GO_ARENA_BYTES * sizeof record, &record, sizeof record) &&
           record != 0 && resident_piece_at(resident, record) && resident_bytes(resident, record, spans, SPANS_OF_ARENA * sizeof *spans);
}

// One that is in use must be among an arena's spans: an arena is made when memory is needed.
static bool has_a_span(const struct resident *resident, uint64_t arena, const uint64_t *spans) {
    struct span span;
    size_t tried = 0;
    for (size_t i = 0; i < SPANS_OF_ARENA && tried < 64; i++) {
        if (spans[i] != 0) {
            tried++;
            if (read_span(resident, spans[i], arena + i * GO_PAGE_BYTES, &span)) {
                return true;
            }
        }
    }
    return false;
}

static uint64_t first_arena(const struct resident *resident) {
    for (size_t i = 0; i < resident->piece_count; i++) {
        if (resident->pieces[i].part == RESIDENT_GO_HEAP && resident->pieces[i].rss != 0) {
            return resident->pieces[i].low / GO_ARENA_BYTES * GO_ARENA_BYTES;
        }
    }
    return 0;
}

static void find_arenas(struct resident *resident, uint64_t *spans) {
    struct resident_go *go = &resident->go;
    uint64_t from = CHUNKS_OFFSET + CHUNK_MAP_LEVEL * 8, arena = first_arena(resident);
    uint64_t *words = go->size > from ? symbolizer_arena_alloc(&resident->memory, go->size - from) : NULL;
    if (arena == 0 || !words || !resident_bytes(resident, go->address + from, words, go->size - from)) {
        return;
    }
    for (size_t i = 0; go->arenas == 0 && i < (go->size - from) / sizeof *words; i++) {
        const struct resident_piece *piece = words[i] % 8 == 0 && words[i] != 0 ? resident_piece_at(resident, words[i]) : NULL;
        if (piece && piece->high - words[i] >= ARENAS * sizeof(uint64_t) && read_spans(resident, words[i], arena, spans) &&
            has_a_span(resident, arena, spans)) {
            go->arenas = words[i];
        }
    }
}

static void add_large(struct resident_go_pages *pages, uint64_t size, uint64_t unwritten) {
    size_t i = 0;
    while (i < pages->large_count && pages->large[i].size != size) {
        i++;
    }
    if (i < GO_LARGE_SIZES) {
        pages->large[i].size = size;
        pages->large[i].unwritten += unwritten;
        pages->large_count += i == pages->large_count;
    }
}

// A page that is allocated and not resident, or only half.
static void add_unwritten(struct walk *walk, uint64_t page, uint64_t bytes) {
    if (page < walk->last_start || page >= walk->last_end) {
        uint64_t address = walk->has_spans ? walk->spans[page % GO_ARENA_BYTES / GO_PAGE_BYTES] : 0;
        if (address == 0 || walk->looks == MAX_LOOKS) {
            walk->not_looked_at += bytes;
            return;
        }
        walk->looks++;
        walk->last_end = 0;
        if (!read_span(walk->resident, address, page, &walk->last)) {
            return; // it came or went meanwhile
        }
        walk->last_start = walk->last.start;
        walk->last_end = walk->last.start + walk->last.pages * GO_PAGE_BYTES;
    }
    if (walk->last.state == SPAN_OF_STACKS) {
        walk->pages->unwritten_stacks += bytes;
        return;
    }
    walk->pages->unwritten_objects += bytes;
    if (walk->last.class / 2 == 0) {
        add_large(walk->pages, walk->last.pages * GO_PAGE_BYTES, bytes);
    }
}

// ---- Pages ----

// [low, high) is the part of the chunk that is mapped.
static void count_chunk(struct walk *walk, const struct chunk *chunk, uint64_t from, uint64_t low, uint64_t high) {
    unsigned char present[CHUNK_PAGES];
    if (low >= high || !resident_pages(walk->resident, low, (high - low) / PAGE_BYTES, present)) {
        return;
    }
    for (uint64_t at = low; at < high; at += GO_PAGE_BYTES) {
        size_t bit = (at - from) / GO_PAGE_BYTES, first = (at - low) / PAGE_BYTES;
        uint64_t here = (uint64_t)(present[first] + present[first + 1]) * PAGE_BYTES;
        if (is_set(chunk->allocated, bit)) {
            if (here != GO_PAGE_BYTES) {
                add_unwritten(walk, at, GO_PAGE_BYTES - here);
            }
        } else {
            walk->pages->free += here;
            walk->pages->kept += is_set(chunk->returned, bit) ? 0 : here;
        }
    }
}

static bool read_chunks(const struct resident *resident, uint64_t arena, struct chunk chunks[CHUNKS_OF_ARENA]) {
    uint64_t number = (arena - GO_ARENA_BASE) / CHUNK_BYTES, level;
    return resident_bytes(resident, resident->go.address + CHUNKS_OFFSET + number / CHUNK_MAP_LEVEL * 8, &level, sizeof level) &&
           level % 8 == 0 && resident_piece_at(resident, level) &&
           resident_bytes(resident, level + number % CHUNK_MAP_LEVEL * sizeof *chunks, chunks, CHUNKS_OF_ARENA * sizeof *chunks);
}

// A piece within an arena, or through several.
static bool count_piece(struct walk *walk, const struct resident_piece *piece) {
    struct resident *resident = walk->resident;
    for (uint64_t arena = piece->low / GO_ARENA_BYTES * GO_ARENA_BYTES; arena < piece->high; arena += GO_ARENA_BYTES) {
        struct chunk chunks[CHUNKS_OF_ARENA];
        if (!read_chunks(resident, arena, chunks)) {
            return false;
        }
        walk->has_spans = walk->spans && resident->go.arenas != 0 && read_spans(resident, resident->go.arenas, arena, walk->spans);
        for (size_t i = 0; i < CHUNKS_OF_ARENA; i++) {
            uint64_t from = arena + i * CHUNK_BYTES, end = from + CHUNK_BYTES;
            count_chunk(walk, &chunks[i], from, from > piece->low ? from : piece->low, end < piece->high ? end : piece->high);
        }
    }
    return true;
}

static void add_not_looked_at(const struct walk *walk) {
    struct resident_go_pages *pages = walk->pages;
    double known = (double)(pages->unwritten_stacks + pages->unwritten_objects);
    uint64_t stacks = known > 0 ? (uint64_t)((double)walk->not_looked_at * ((double)pages->unwritten_stacks / known)) : 0;
    pages->unwritten_stacks += stacks;
    pages->unwritten_objects += walk->not_looked_at - stacks;
}

bool resident_count_go_pages(struct resident *resident, struct resident_go_pages *pages) {
    struct walk walk = {.resident = resident, .pages = pages};
    *pages = (struct resident_go_pages){0};
    bool is_known = resident->is_own && resident->knows_go_heap && resident->reads_bytes;
    if (is_known) {
        walk.spans = symbolizer_arena_alloc(&resident->memory, SPANS_OF_ARENA * sizeof *walk.spans);
        if (walk.spans && resident->go.arenas == 0) {
            find_arenas(resident, walk.spans);
        }
    }
    for (size_t i = 0; is_known && i < resident->piece_count; i++) {
        const struct resident_piece *piece = &resident->pieces[i];
        is_known = piece->part != RESIDENT_GO_HEAP || piece->rss == 0 || count_piece(&walk, piece);
    }
    add_not_looked_at(&walk);
    return is_known;
}
