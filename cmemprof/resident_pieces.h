// resident_pieces.h (resident): how the finders of parts say what they found. See resident.h.
#ifndef CMEMPROF_RESIDENT_PIECES_H
#define CMEMPROF_RESIDENT_PIECES_H

#include "namespace.h"
#include "resident.h"

// The index of the text among the names; 0, the empty one, if there is no memory.
uint32_t resident_name(struct resident *resident, const char *text);
// Returns the table, or a larger copy of it, with room for one more item; NULL: no memory, and the old one stays.
void *resident_grown(struct resident *resident, void *table, size_t count, size_t *capacity, size_t item_bytes);
void resident_add_piece(struct resident *resident, const struct resident_piece *piece);
// [low, high) belongs to the part, whatever its area is otherwise. Of claims that overlap the one that begins first counts.
void resident_claim(struct resident *resident, uint64_t low, uint64_t high, enum resident_part part, uint32_t name);
// The piece that the address lies in. NULL: it is not mapped.
const struct resident_piece *resident_piece_at(const struct resident *resident, uint64_t address);
// Memory that nothing but the process's own code can explain: private, writable, without a file.
bool resident_is_anonymous(const struct resident_piece *piece);
// Pages that are not present are zeroes, and stay so: to read one would make the kernel map it. False: may not be read.
bool resident_bytes(const struct resident *resident, uint64_t address, void *to, size_t size);
// The same of pages that are known to be present.
bool resident_page_bytes(const struct resident *resident, uint64_t address, void *to, size_t size);

// Reads the areas of /proc/PID/smaps, or of /proc/PID/maps, which has no figures but takes the kernel no walk over all pages. The process's
// other files are opened, too.
enum smaps_error resident_read_areas(struct resident *resident, pid_t pid, const char *file);
// The first page from `from` on that is present, or high. Without pagemap every page counts as present. Each page passed over takes one of
// *left; with none left it is high.
uint64_t resident_next_present(const struct resident *resident, uint64_t from, uint64_t high, size_t *left);

// Bytes of [low, high) that are present, and those that are swapped out. False: not to be learned.
bool resident_count_pages(const struct resident *resident, uint64_t low, uint64_t high, uint64_t *present, uint64_t *swapped);

// Cuts pieces where claims begin and end, and gives each its share of the area's pages.
void resident_cut(struct resident *resident);

// Of this process's memory without a file, one byte for each page from `low` on: 1: present. False: not to be learned.
//
// By mincore, in a tenth of pagemap's time. But where system calls are filtered, mincore may be forbidden, and its caller killed: so it is
// by SystemCallFilter=@system-service (systemd 252). There pagemap is scanned (ioctl PAGEMAP_SCAN, Linux 6.7), or read.
bool resident_pages(const struct resident *resident, uint64_t low, size_t count, unsigned char *pages);
// The sum. -1: not to be learned.
int64_t resident_present_bytes(const struct resident *resident, uint64_t low, uint64_t high);
// Counts the pages of a piece of this process. False: without pagemap a file's cannot be counted.
bool resident_count_piece(const struct resident *resident, struct resident_piece *piece);
// Counts those of all areas, which came without figures. False: they cannot be counted, or that takes longer than to read smaps.
bool resident_count_areas(struct resident *resident);
// Whether the sum is what the kernel's own counters say, as far as those are exact.
bool resident_count_is_right(const struct resident *resident);

// The finders. Each claims what it recognizes.
void resident_find_glibc_heaps(struct resident *resident);  // arenas, without large blocks
void resident_find_large_blocks(struct resident *resident); // of glibc: last, since it passes over what is claimed
void resident_find_go(struct resident *resident);
void resident_find_stacks(struct resident *resident);

#endif
