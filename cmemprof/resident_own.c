// resident_own.c (resident): counts this process's own pages.

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process_status.h"
#include "resident_pieces.h"

enum { PAGE_BYTES = 4096, PAGES_AT_ONCE = 4096, WORDS = 8 };
// 16 GiB of pages that are not present take 5 ms.
#define RESERVED_BYTES ((uint64_t)16 << 30)
enum { RESERVED_TIMES = 16 };

// mincore's bytes are 1 for a page that is present, else 0; the other bits are reserved.
static uint64_t sum_of(const unsigned char *bytes, size_t count) {
    uint64_t sum = 0, word;
    size_t i = 0;
    for (; i + WORDS <= count; i += WORDS) {
        memcpy(&word, bytes + i, sizeof word);
        sum += (word & UINT64_C(0x0101010101010101)) * UINT64_C(0x0101010101010101) >> 56;
    }
    for (; i < count; i++) {
        sum += bytes[i] & 1;
    }
    return sum;
}

int64_t resident_present_bytes(uint64_t low, uint64_t high) {
    unsigned char pages[PAGES_AT_ONCE];
    uint64_t sum = 0;
    for (uint64_t at = low; at < high;) {
        size_t count = (high - at + PAGE_BYTES - 1) / PAGE_BYTES;
        count = count < PAGES_AT_ONCE ? count : PAGES_AT_ONCE;
        if (mincore((void *)(uintptr_t)at, count * PAGE_BYTES, pages) != 0) {
            return -1;
        }
        sum += sum_of(pages, count);
        at += count * PAGE_BYTES;
    }
    return (int64_t)(sum * PAGE_BYTES);
}

// mincore knows of a file which of its pages are in memory, mapped here or not.
static int64_t present_of_file(const struct resident *resident, uint64_t low, uint64_t high) {
    uint64_t present, swapped;
    return resident_count_pages(resident, low, high, &present, &swapped) ? (int64_t)present : -1;
}

// Of what the kernel itself put there ([vdso]) nothing is counted, and neither are pages of hugetlb: both are not in RSS.
static bool has_pages(const struct resident *resident, const struct resident_piece *piece) {
    const char *name = resident->names[piece->name].text;
    return !(piece->part == RESIDENT_LIBRARIES && name[0] == '[') && strncmp(name, "/anon_hugepage", 14) != 0;
}

// mincore takes its time for reserved pages, too, of which there may be terabytes (a sanitizer's shadow); smaps does not.
static bool is_worth_it(const struct resident *resident) {
    struct process_status status;
    uint64_t length = 0, rss = process_status_read(PROCESS_STATUS, &status) && status.rss != PROCESS_STATUS_UNKNOWN ? status.rss : 0;
    for (size_t i = 0; i < resident->piece_count; i++) {
        length += resident->pieces[i].high - resident->pieces[i].low;
    }
    return length <= RESERVED_BYTES + RESERVED_TIMES * rss;
}

bool resident_count_piece(const struct resident *resident, struct resident_piece *piece) {
    bool has_file = piece->has_file || !piece->is_private || piece->part == RESIDENT_SHARED;
    int64_t bytes = !has_pages(resident, piece) ? 0
                    : has_file                  ? present_of_file(resident, piece->low, piece->high)
                                                : resident_present_bytes(piece->low, piece->high);
    piece->rss = bytes > 0 ? (uint64_t)bytes : 0; // less than 0, without a file: unmapped meanwhile
    return bytes >= 0 || !has_file;
}

bool resident_count_areas(struct resident *resident) {
    bool is_known = is_worth_it(resident);
    for (size_t i = 0; is_known && i < resident->piece_count; i++) {
        is_known = resident_count_piece(resident, &resident->pieces[i]);
    }
    return is_known;
}

// Counters are kept by processor and summed now and then, each off by a batch at most: mm/percpu_counter.c, 32 or twice the processors.
static uint64_t error_of_counters(void) {
    uint64_t processors = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN), batch = processors > 16 ? 2 * processors : 32;
    return 3 * processors * batch * PAGE_BYTES;
}

bool resident_count_is_right(const struct resident *resident) {
    struct process_status status;
    if (!process_status_read(PROCESS_STATUS, &status) || status.rss == PROCESS_STATUS_UNKNOWN) {
        return true; // nothing to compare with
    }
    uint64_t larger = status.rss > resident->rss ? status.rss : resident->rss, smaller = status.rss + resident->rss - larger;
    return larger - smaller <= larger / 100 + error_of_counters();
}
