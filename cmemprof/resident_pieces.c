// resident_pieces.c (resident): tables of pieces, claims and names, and how claims cut pieces.

#include "resident_pieces.h"

#include <string.h>
#include <unistd.h>

#include "../base/fnv.h"
#include "address_order.h"

enum { PAGE_BYTES = 4096, PAGE_WORDS = 512, FIRST_ITEMS = 8192, MAX_UNMAPPED = 4096 };
#define PAGE_IS_PRESENT (UINT64_C(1) << 63)
#define PAGE_IS_SWAPPED (UINT64_C(1) << 62)

void *resident_grown(struct resident *resident, void *table, size_t count, size_t *capacity, size_t item_bytes) {
    if (count < *capacity) {
        return table;
    }
    size_t more = *capacity != 0 ? 2 * *capacity : FIRST_ITEMS; // pages of it that nothing is written to take no memory
    void *copy = symbolizer_arena_grow(&resident->memory, table, *capacity * item_bytes, more * item_bytes);
    if (!copy) {
        resident->ran_short = true;
        return NULL;
    }
    *capacity = more;
    return copy;
}

uint32_t resident_name(struct resident *resident, const char *text) {
    uint32_t *first = &resident->hashes[fnv64(FNV64_START, text, strlen(text)) % RESIDENT_HASHES];
    for (uint32_t i = *first; i != 0; i = resident->names[i].next) {
        if (strcmp(resident->names[i].text, text) == 0) {
            return i;
        }
    }
    if (*text == '\0' && resident->name_count > 0) {
        return 0;
    }
    size_t size = strlen(text) + 1;
    struct resident_name *names = resident_grown(resident, resident->names, resident->name_count, &resident->name_capacity, sizeof *names);
    char *copy = names ? symbolizer_arena_alloc(&resident->memory, size) : NULL;
    resident->names = names ? names : resident->names;
    if (!copy) {
        resident->ran_short = true;
        return 0;
    }
    memcpy(copy, text, size);
    uint32_t number = (uint32_t)resident->name_count++;
    resident->names[number] = (struct resident_name){.text = copy, .next = *first};
    *first = number;
    return number;
}

void resident_add_piece(struct resident *resident, const struct resident_piece *piece) {
    struct resident_piece *pieces =
        resident_grown(resident, resident->pieces, resident->piece_count, &resident->piece_capacity, sizeof *resident->pieces);
    if (pieces) {
        resident->pieces = pieces;
        resident->pieces[resident->piece_count++] = *piece;
    }
}

void resident_claim(struct resident *resident, uint64_t low, uint64_t high, enum resident_part part, uint32_t name) {
    struct resident_claimed *claims =
        resident_grown(resident, resident->claims, resident->claim_count, &resident->claim_capacity, sizeof *resident->claims);
    if (claims && low < high) {
        resident->claims = claims;
        resident->claims[resident->claim_count++] = (struct resident_claimed){low, high, name, (uint8_t)part};
    }
}

const struct resident_piece *resident_piece_at(const struct resident *resident, uint64_t address) {
    size_t count = address_upper_bound(resident->pieces, resident->piece_count, sizeof *resident->pieces, address);
    return count > 0 && address < resident->pieces[count - 1].high ? &resident->pieces[count - 1] : NULL;
}

bool resident_is_anonymous(const struct resident_piece *piece) {
    return piece->part == RESIDENT_UNEXPLAINED && piece->is_private && piece->is_writable && !piece->has_file;
}

// Of the pages from the one of address on, of which `count` are asked for, how many are alike, and whether they are present. Without
// pagemap all are. Returns 0 if that is not to be learned.
static size_t alike_pages(const struct resident *resident, uint64_t address, size_t count, bool *are_present) {
    uint64_t words[PAGE_WORDS];
    *are_present = true;
    if (resident->pages_file < 0) {
        return count;
    }
    count = count < PAGE_WORDS ? count : PAGE_WORDS;
    ssize_t size = pread(resident->pages_file, words, count * sizeof *words, (off_t)(address / PAGE_BYTES * sizeof *words));
    size_t known = size > 0 ? (size_t)size / sizeof *words : 0, alike = known != 0;
    *are_present = known != 0 && (words[0] & PAGE_IS_PRESENT) != 0;
    while (alike < known && ((words[alike] & PAGE_IS_PRESENT) != 0) == *are_present) {
        alike++;
    }
    return alike;
}

bool resident_page_bytes(const struct resident *resident, uint64_t address, void *to, size_t size) {
    return resident->bytes_file >= 0 && address <= INT64_MAX - size &&
           pread(resident->bytes_file, to, size, (off_t)address) == (ssize_t)size;
}

bool resident_bytes(const struct resident *resident, uint64_t address, void *to, size_t size) {
    if (resident->bytes_file < 0 || address > INT64_MAX - size) {
        return false;
    }
    for (size_t done = 0, part; done < size; done += part) {
        uint64_t at = address + done, in_page = at % PAGE_BYTES;
        bool are_present;
        size_t pages = alike_pages(resident, at, (in_page + (size - done) + PAGE_BYTES - 1) / PAGE_BYTES, &are_present);
        if (pages == 0) {
            return false;
        }
        part = size - done < pages * PAGE_BYTES - in_page ? size - done : pages * PAGE_BYTES - in_page;
        if (!are_present) {
            memset((char *)to + done, 0, part);
        } else if (!resident_page_bytes(resident, at, (char *)to + done, part)) {
            return false;
        }
    }
    return true;
}

bool resident_count_pages(const struct resident *resident, uint64_t low, uint64_t high, uint64_t *present, uint64_t *swapped) {
    uint64_t words[PAGE_WORDS];
    *present = *swapped = 0;
    for (uint64_t page = low / PAGE_BYTES, end = high / PAGE_BYTES; page < end;) {
        size_t wanted = end - page < PAGE_WORDS ? end - page : PAGE_WORDS;
        ssize_t size =
            resident->pages_file >= 0 ? pread(resident->pages_file, words, wanted * sizeof *words, (off_t)(page * sizeof *words)) : -1;
        if (size < (ssize_t)sizeof *words) {
            return false;
        }
        for (size_t i = 0; i < (size_t)size / sizeof *words; i++) {
            *present += (words[i] & PAGE_IS_PRESENT) != 0 ? PAGE_BYTES : 0;
            *swapped += (words[i] & PAGE_IS_SWAPPED) != 0 ? PAGE_BYTES : 0;
        }
        page += (size_t)size / sizeof *words;
    }
    return true;
}

// The same of this process. Its pages are taken one by one at first: most callers need the first page only. Some may have been unmapped
// since the areas were read, as the profiler's own tables are when they grow: those are passed over, unless they are many.
static uint64_t next_present_of_own(const struct resident *resident, uint64_t from, uint64_t high, size_t *left) {
    unsigned char pages[PAGE_WORDS];
    size_t window = 1, unmapped = 0;
    for (uint64_t at = from; at<high && * left> 0;) {
        size_t count = (high - at) / PAGE_BYTES < window ? (high - at) / PAGE_BYTES : window;
        if (count == 0 || unmapped == MAX_UNMAPPED) {
            return high;
        }
        if (!resident_pages(resident, at, count, pages)) {
            at += count == 1 ? PAGE_BYTES : 0;
            unmapped += count == 1;
            window = 1;
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            if (pages[i] != 0) {
                return at + i * PAGE_BYTES;
            }
        }
        at += count * PAGE_BYTES;
        *left -= count < *left ? count : *left;
        window = window < PAGE_WORDS / 8 ? window * 8 : PAGE_WORDS;
    }
    return high;
}

uint64_t resident_next_present(const struct resident *resident, uint64_t from, uint64_t high, size_t *left) {
    if (resident->is_own) {
        return next_present_of_own(resident, from, high, left);
    }
    uint64_t words[PAGE_WORDS];
    for (uint64_t page = from / PAGE_BYTES, end = high / PAGE_BYTES; page<end && * left> 0;) {
        size_t wanted = end - page < PAGE_WORDS ? end - page : PAGE_WORDS;
        ssize_t size =
            resident->pages_file >= 0 ? pread(resident->pages_file, words, wanted * sizeof *words, (off_t)(page * sizeof *words)) : -1;
        if (size < (ssize_t)sizeof *words) {
            return page * PAGE_BYTES;
        }
        size_t count = (size_t)size / sizeof *words;
        for (size_t i = 0; i < count; i++) {
            if ((words[i] & PAGE_IS_PRESENT) != 0) {
                return (page + i) * PAGE_BYTES;
            }
        }
        page += count;
        *left -= count < *left ? count : *left;
    }
    return high;
}

static uint64_t share(uint64_t of, uint64_t part, uint64_t whole) {
    return whole != 0 ? (uint64_t)((unsigned __int128)of * part / whole) : 0;
}

// Gives the pieces [first, count) of one area its figures: by their pages, or where those cannot be counted by their lengths. Pages may
// come and go meanwhile, and the zero page is present without being resident; so what is counted is a weight, and the sum stays the area's.
static void share_out(struct resident *resident, const struct resident_piece *area, size_t first) {
    struct resident_piece *pieces = resident->pieces;
    uint64_t rss = 0, swap = 0;
    for (size_t i = first; i < resident->piece_count; i++) {
        uint64_t swapped;
        if (!resident_count_pages(resident, pieces[i].low, pieces[i].high, &pieces[i].rss, &swapped)) {
            resident->reads_pages = false;
            pieces[i].rss = swapped = pieces[i].high - pieces[i].low;
        }
        pieces[i].swap_kib = (uint32_t)(swapped >> 10);
        rss += pieces[i].rss;
        swap += pieces[i].swap_kib;
    }
    struct resident_piece left = *area;
    for (size_t i = first; i < resident->piece_count; i++) {
        bool is_last = i + 1 == resident->piece_count;
        uint64_t weight = pieces[i].rss;
        pieces[i].rss = is_last ? left.rss : share(area->rss, weight, rss);
        pieces[i].anonymous_kib = is_last ? left.anonymous_kib : (uint32_t)share(area->anonymous_kib, weight, rss);
        pieces[i].lazy_free_kib = is_last ? left.lazy_free_kib : (uint32_t)share(area->lazy_free_kib, weight, rss);
        pieces[i].huge_kib = is_last ? left.huge_kib : (uint32_t)share(area->huge_kib, weight, rss);
        pieces[i].swap_kib = is_last ? left.swap_kib : (uint32_t)share(area->swap_kib, pieces[i].swap_kib, swap);
        left.rss -= pieces[i].rss;
        left.anonymous_kib -= pieces[i].anonymous_kib;
        left.lazy_free_kib -= pieces[i].lazy_free_kib;
        left.huge_kib -= pieces[i].huge_kib;
        left.swap_kib -= pieces[i].swap_kib;
    }
}

// The same where pages are all there is to go by.
static void count_anew(struct resident *resident, const struct resident_piece *area, size_t first) {
    for (size_t i = first; i < resident->piece_count; i++) {
        struct resident_piece *piece = &resident->pieces[i];
        if (area->rss >= area->high - area->low) {
            piece->rss = piece->high - piece->low;
        } else if (area->rss != 0 && !resident_count_piece(resident, piece)) {
            resident->reads_pages = false;
        }
    }
}

static void add_part(struct resident *resident, const struct resident_piece *area, uint64_t low, uint64_t high,
                     const struct resident_claimed *claim) {
    struct resident_piece piece = *area;
    piece.low = low;
    piece.high = high;
    if (claim) {
        piece.part = claim->part;
        piece.name = claim->name;
    }
    resident_add_piece(resident, &piece);
}

// *next: the first claim that may reach the area; they are sorted.
static void cut_area(struct resident *resident, const struct resident_piece *area, size_t *next) {
    size_t first = resident->piece_count;
    uint64_t at = area->low;
    while (*next < resident->claim_count && resident->claims[*next].low < area->high) {
        const struct resident_claimed *claim = &resident->claims[*next];
        uint64_t low = claim->low > at ? claim->low : at, high = claim->high < area->high ? claim->high : area->high;
        if (low < high) {
            if (at < low) {
                add_part(resident, area, at, low, NULL);
            }
            add_part(resident, area, low, high, claim);
            at = high;
        }
        if (claim->high > area->high) {
            break; // goes on in the next area
        }
        (*next)++;
    }
    if (at < area->high) {
        add_part(resident, area, at, area->high, NULL);
    }
    if (resident->piece_count - first > 1) {
        (resident->is_quick ? count_anew : share_out)(resident, area, first);
    }
}

static void drop_claims(struct resident *resident) {
    symbolizer_arena_drop(&resident->memory, resident->claims, resident->claim_capacity * sizeof *resident->claims);
    resident->claims = NULL;
    resident->claim_count = resident->claim_capacity = 0;
}

// Each claim adds two pieces at most. What was cut gives its memory back at once.
void resident_cut(struct resident *resident) {
    enum { CUT_AT_ONCE = 512 };
    struct resident_piece *areas = resident->pieces;
    size_t size = sizeof *areas, count = resident->piece_count, bytes = resident->piece_capacity * size, next = 0;
    size_t most = count + 2 * resident->claim_count;
    struct resident_piece *pieces = NULL;
    if (resident->claim_count == 0 || !address_sort(&resident->memory, resident->claims, resident->claim_count, sizeof *resident->claims) ||
        !(pieces = symbolizer_arena_alloc(&resident->memory, most * size))) {
        resident->ran_short |= resident->claim_count != 0;
        return;
    }
    resident->pieces = pieces;
    resident->piece_count = 0;
    resident->piece_capacity = most;
    for (size_t i = 0, from = 0; i < count; i++) {
        cut_area(resident, &areas[i], &next);
        if (i - from == CUT_AT_ONCE) {
            symbolizer_arena_forget(&areas[from], (i - from) * size);
            from = i;
        }
    }
    symbolizer_arena_drop(&resident->memory, areas, bytes);
    drop_claims(resident);
}
