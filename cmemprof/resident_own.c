// resident_own.c (resident): counts this process's own pages.

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process_status.h"
#include "resident_pieces.h"

enum { PAGE_BYTES = 4096, PAGES_AT_ONCE = 4096, WORDS = 512, RANGES = 64 };
// 16 GiB of pages that are not present take 5 ms.
#define RESERVED_BYTES ((uint64_t)16 << 30)
enum { RESERVED_TIMES = 16 };

// ---- Pages ----

// Linux, include/uapi/linux/fs.h: PAGEMAP_SCAN of /proc/PID/pagemap lists the ranges of pages of a kind.
struct scan_range {
    uint64_t start, end, kinds;
};
struct scan {
    uint64_t size, flags, start, end, walk_end, ranges, range_capacity, max_pages, inverted, all_of, any_of, told;
};
#define SCAN _IOWR('f', 16, struct scan)
#define KIND_PRESENT (UINT64_C(1) << 3)
#define WORD_PRESENT (UINT64_C(1) << 63)

// Returns how many ranges were found in [low, *end); *end is lowered to where the list is full. Less than 0: not to be learned.
static int scan(int pagemap, uint64_t low, uint64_t *end, struct scan_range ranges[RANGES]) {
    struct scan scan = {.size = sizeof scan,
                        .start = low,
                        .end = *end,
                        .ranges = (uintptr_t)ranges,
                        .range_capacity = RANGES,
                        .all_of = KIND_PRESENT,
                        .told = KIND_PRESENT};
    int found = ioctl(pagemap, SCAN, &scan);
    *end = scan.walk_end;
    return found;
}

static bool scan_pages(int pagemap, uint64_t low, size_t count, unsigned char *pages) {
    struct scan_range ranges[RANGES];
    uint64_t high = low + count * PAGE_BYTES;
    memset(pages, 0, count);
    for (uint64_t at = low, end; at < high; at = end) {
        end = high;
        int found = scan(pagemap, at, &end, ranges);
        if (found < 0 || end <= at) {
            return false;
        }
        for (int i = 0; i < found; i++) {
            memset(pages + (ranges[i].start - low) / PAGE_BYTES, 1, (ranges[i].end - ranges[i].start) / PAGE_BYTES);
        }
    }
    return true;
}

static bool read_pages(int pagemap, uint64_t low, size_t count, unsigned char *pages) {
    uint64_t words[WORDS];
    for (size_t done = 0; done < count;) {
        size_t wanted = count - done < WORDS ? count - done : WORDS;
        ssize_t size = pread(pagemap, words, wanted * sizeof *words, (off_t)((low / PAGE_BYTES + done) * sizeof *words));
        if (size < (ssize_t)sizeof *words) {
            return false;
        }
        for (size_t i = 0; i < (size_t)size / sizeof *words; i++) {
            pages[done++] = (words[i] & WORD_PRESENT) != 0;
        }
    }
    return true;
}

bool resident_pages(const struct resident *resident, uint64_t low, size_t count, unsigned char *pages) {
    if (resident->is_filtered) {
        int pagemap = resident->pages_file;
        return pagemap >= 0 && (scan_pages(pagemap, low, count, pages) || read_pages(pagemap, low, count, pages));
    }
    if (mincore((void *)(uintptr_t)low, count * PAGE_BYTES, pages) != 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        pages[i] &= 1; // the other bits are reserved
    }
    return true;
}

static uint64_t sum_of(const unsigned char *bytes, size_t count) {
    uint64_t sum = 0, word;
    size_t i = 0;
    for (; i + sizeof word <= count; i += sizeof word) {
        memcpy(&word, bytes + i, sizeof word);
        sum += word * UINT64_C(0x0101010101010101) >> 56;
    }
    for (; i < count; i++) {
        sum += bytes[i];
    }
    return sum;
}

int64_t resident_present_bytes(const struct resident *resident, uint64_t low, uint64_t high) {
    unsigned char pages[PAGES_AT_ONCE];
    uint64_t sum = 0;
    for (uint64_t at = low; at < high;) {
        size_t count = (high - at + PAGE_BYTES - 1) / PAGE_BYTES;
        count = count < PAGES_AT_ONCE ? count : PAGES_AT_ONCE;
        if (!resident_pages(resident, at, count, pages)) {
            return -1;
        }
        sum += sum_of(pages, count);
        at += count * PAGE_BYTES;
    }
    return (int64_t)(sum * PAGE_BYTES);
}

// ---- Areas ----

// mincore knows of a file which of its pages are in memory, mapped here or not.
static int64_t present_of_file(const struct resident *resident, uint64_t low, uint64_t high) {
    uint64_t present, swapped;
    return resident_count_pages(resident, low, high, &present, &swapped) ? (int64_t)present : -1;
}

// Memory without access is reserved, and has few pages or none. A scan passes over what has no page tables, while mincore has a byte for
// each page: Go's reservations of a gigabyte take a millisecond.
static int64_t present_of_reserved(const struct resident *resident, uint64_t low, uint64_t high) {
    struct scan_range ranges[RANGES];
    uint64_t end = high, sum = 0;
    int found = resident->pages_file >= 0 ? scan(resident->pages_file, low, &end, ranges) : -1;
    if (found < 0 || end < high) {
        return resident_present_bytes(resident, low, high);
    }
    for (int i = 0; i < found; i++) {
        sum += ranges[i].end - ranges[i].start;
    }
    return (int64_t)sum;
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
    bool is_reserved = !piece->is_readable && !piece->is_writable && !piece->is_executable;
    int64_t bytes = !has_pages(resident, piece) ? 0
                    : has_file                  ? present_of_file(resident, piece->low, piece->high)
                    : is_reserved               ? present_of_reserved(resident, piece->low, piece->high)
                                                : resident_present_bytes(resident, piece->low, piece->high);
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
