// resident_glibc.c (resident): heaps of glibc's malloc, recognized by what glibc keeps in them.
//
// An arena's heap begins at a multiple of 64 MiB with
//     struct heap_info { malloc_state *arena; heap_info *prev; size_t size, mprotect_size; ... }
// of which mprotect_size bytes may be used. A large block has a mapping of its own, which begins with
//     size_t prev_size = 0, size | 2 (IS_MMAPPED)
// and is a whole number of pages, 128 KiB or more unless M_MMAP_THRESHOLD says otherwise; from glibc 2.43 on the size is 16 less. Source:
// glibc 2.28 to 2.43, malloc/arena.c and malloc/malloc.c.

#include <stdio.h>
#include <unistd.h>

#include "address_order.h"
#include "resident_pieces.h"

enum { HEAP_BYTES = 64 << 20, PAGE_BYTES = 4096, IS_MMAPPED = 2, CHUNK_FLAGS = 7, SIZE_IS_LESS = 16 };
// Of unknown memory, for the whole process: 16 GiB of pages that are not present, or 256 MiB of pages that are.
enum { MIN_LARGE_BYTES = 64 << 10, MAX_PAGES = 1 << 22, LOOK_COST = 64 };
// Of this process, once a period: 4 ms. Each area has its share first, since blocks begin where areas do as a rule, and what is left goes
// to those that needed more: another mapping may lie before the blocks.
enum { OWN_LOOKS = 4096, MAX_UNFINISHED = 64, SEEN_PAGES = 512 };

struct heap_head {
    uint64_t arena, previous, size, open;
};

static bool is_heap(const struct resident *resident, uint64_t at, struct heap_head *head) {
    return resident_bytes(resident, at, head, sizeof *head) && head->open >= PAGE_BYTES && head->open <= HEAP_BYTES &&
           head->open % PAGE_BYTES == 0 && head->size <= head->open && head->size > sizeof *head && head->size % 16 == 0 &&
           head->previous % HEAP_BYTES == 0 && head->previous != at && head->arena % 16 == 0 && resident_piece_at(resident, head->arena) &&
           (head->previous == 0 ? head->arena > at && head->arena < at + PAGE_BYTES : head->arena / HEAP_BYTES != at / HEAP_BYTES);
}

static void find_heaps(struct resident *resident, const struct resident_piece *piece) {
    uint64_t at = (piece->low + HEAP_BYTES - 1) / HEAP_BYTES * HEAP_BYTES;
    for (; at < piece->high && at >= piece->low; at += HEAP_BYTES) {
        struct heap_head head;
        char name[48];
        if (is_heap(resident, at, &head)) {
            snprintf(name, sizeof name, "arena %#llx", (unsigned long long)head.arena);
            resident_claim(resident, at, at + head.open, RESIDENT_MALLOC, resident_name(resident, name));
        }
    }
}

// Whether anonymous memory goes on from the piece to end: a program may have advised the kernel on some of a block's pages, which then are
// areas of their own.
static bool goes_on(const struct resident *resident, const struct resident_piece *piece, uint64_t end) {
    uint64_t high = piece->high;
    size_t next = address_upper_bound(resident->pieces, resident->piece_count, sizeof *resident->pieces, piece->low);
    for (; high < end && next < resident->piece_count; next++) {
        if (resident->pieces[next].low != high || !resident_is_anonymous(&resident->pieces[next])) {
            return false;
        }
        high = resident->pieces[next].high;
    }
    return high >= end;
}

static bool is_large_block(const struct resident *resident, const struct resident_piece *piece, uint64_t at, uint64_t *size) {
    uint64_t head[2];
    if (!resident_page_bytes(resident, at, head, sizeof head) || head[0] != 0 || (head[1] & CHUNK_FLAGS) != IS_MMAPPED) {
        return false;
    }
    *size = head[1] - IS_MMAPPED;
    *size += *size % PAGE_BYTES == PAGE_BYTES - SIZE_IS_LESS ? SIZE_IS_LESS : 0;
    return *size >= MIN_LARGE_BYTES && *size % PAGE_BYTES == 0 && *size <= UINT64_MAX - at && goes_on(resident, piece, at + *size);
}

// A search of areas for large blocks.
struct search {
    uint32_t name;
    size_t left;   // what may still be asked for pages that are present, in pages
    size_t misses; // how many pages may still be looked at in vain
    size_t claims; // the first ones, which were there before, sorted
    // Of this process: which pages of [seen_low, seen_high) are present.
    uint64_t seen_low, seen_high;
    unsigned char seen[SEEN_PAGES];
};

// Returns `at` if nobody has claimed it, and in *free_until where the next claim begins; else the first page behind the claim.
static uint64_t behind_claim(const struct resident *resident, const struct search *search, uint64_t at, uint64_t *free_until) {
    const struct resident_claimed *claims = resident->claims;
    size_t next = address_upper_bound(claims, search->claims, sizeof *claims, at);
    if (next > 0 && claims[next - 1].high > at) {
        return *free_until = (claims[next - 1].high + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
    }
    *free_until = next < search->claims ? claims[next].low : UINT64_MAX;
    return at;
}

// As resident_next_present. Of this process many pages are asked for at once, since all of an area without blocks are looked at.
static uint64_t next_present(const struct resident *resident, struct search *search, uint64_t from, uint64_t high) {
    while (resident->is_own && from < high && search->left > 0) {
        if (from < search->seen_low || from >= search->seen_high) {
            size_t pages = (high - from) / PAGE_BYTES, count = pages < SEEN_PAGES ? pages : SEEN_PAGES;
            search->seen_low = search->seen_high = 0;
            if (count == 0 || !resident_pages(resident, from, count, search->seen)) {
                break; // unmapped meanwhile, or a part of it is
            }
            search->seen_low = from;
            search->seen_high = from + count * PAGE_BYTES;
        }
        for (; from < search->seen_high && from < high && search->left > 0; from += PAGE_BYTES) {
            if (search->seen[(from - search->seen_low) / PAGE_BYTES] != 0) {
                return from;
            }
            search->left--;
        }
    }
    return from < high ? resident_next_present(resident, from, high, &search->left) : high;
}

// Blocks lie one behind the other, and behind and before other mappings that the kernel made one area of. Only pages that are present are
// looked at: reading another one would make the kernel map it. What is known to be Go's heap, a stack or an arena, or to be mapped by
// somebody else (resident_own), is passed over. Returns where it stopped after so many misses, or the piece's end.
static uint64_t find_large_blocks(struct resident *resident, const struct resident_piece *piece, uint64_t at, struct search *search,
                                  size_t misses) {
    bool is_full = piece->rss >= piece->high - piece->low;
    uint64_t size, free_until = at;
    size_t looks = misses < search->misses ? misses : search->misses, used = 0;
    while (at < piece->high && used < looks) {
        if (at >= free_until && (at = behind_claim(resident, search, at, &free_until)) >= piece->high) {
            break;
        }
        if (at >= free_until) {
            continue; // a claim right behind the other
        }
        uint64_t present = is_full ? at : next_present(resident, search, at, piece->high);
        if (present >= piece->high) {
            at = piece->high;
            break;
        }
        if (present >= free_until) {
            at = present;
            continue;
        }
        search->left -= LOOK_COST < search->left ? LOOK_COST : search->left;
        if (is_large_block(resident, piece, present, &size)) {
            resident_claim(resident, present, present + size, RESIDENT_MALLOC, search->name);
            at = present + size;
        } else {
            at = present + PAGE_BYTES;
            used++;
        }
    }
    search->misses -= used;
    return at;
}

void resident_find_glibc_heaps(struct resident *resident) {
    for (size_t i = 0; resident->reads_bytes && i < resident->piece_count; i++) {
        struct resident_piece piece = resident->pieces[i];
        if (resident_is_anonymous(&piece)) {
            find_heaps(resident, &piece);
        }
    }
}

void resident_find_large_blocks(struct resident *resident) {
    struct search search = {
        .name = resident_name(resident, "large blocks"), .left = MAX_PAGES, .misses = resident->is_own ? OWN_LOOKS : SIZE_MAX};
    struct {
        size_t piece;
        uint64_t at;
    } unfinished[MAX_UNFINISHED];
    size_t count = 0, share = search.misses / (resident->piece_count + 1) + 1;
    if (address_sort(&resident->memory, resident->claims, resident->claim_count, sizeof *resident->claims)) {
        search.claims = resident->claim_count;
    }
    for (size_t i = 0; resident->reads_bytes && i < resident->piece_count; i++) {
        struct resident_piece piece = resident->pieces[i];
        if (resident_is_anonymous(&piece) && piece.rss != 0) {
            uint64_t at = find_large_blocks(resident, &piece, piece.low, &search, share);
            if (at < piece.high && count < MAX_UNFINISHED) {
                unfinished[count].piece = i;
                unfinished[count++].at = at;
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct resident_piece piece = resident->pieces[unfinished[i].piece];
        find_large_blocks(resident, &piece, unfinished[i].at, &search, search.misses / (count - i));
    }
    resident->looked_everywhere = search.left > 0;
}

static bool add_pages(const struct resident *resident, uint64_t low, uint64_t high, uint64_t *bytes, uint64_t *mapped) {
    int64_t present = resident_present_bytes(resident, low, high);
    if (present < 0) {
        return false;
    }
    *bytes += (uint64_t)present;
    *mapped += high - low;
    return true;
}

bool resident_glibc_heaps(uint64_t *bytes, uint64_t *mapped) {
    struct resident resident;
    *bytes = *mapped = 0;
    bool is_known = resident_read_areas(&resident, getpid(), "maps") == SMAPS_OK && resident.reads_bytes;
    if (is_known) {
        resident_find_glibc_heaps(&resident);
    }
    for (size_t i = 0; is_known && i < resident.piece_count; i++) {
        is_known = resident.pieces[i].part != RESIDENT_MALLOC ||
                   add_pages(&resident, resident.pieces[i].low, resident.pieces[i].high, bytes, mapped);
    }
    for (size_t i = 0; is_known && i < resident.claim_count; i++) {
        is_known = add_pages(&resident, resident.claims[i].low, resident.claims[i].high, bytes, mapped);
    }
    is_known = is_known && !resident.ran_short;
    resident_close(&resident);
    return is_known;
}
