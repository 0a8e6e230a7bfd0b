// page_residency.c (tables): reads /proc/self/pagemap, one word per page. mincore cannot tell private copies from a file's own pages.

#include "page_residency.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "../base/page.h"

enum { WORDS = 512 };
#define IS_PRESENT (UINT64_C(1) << 63)
#define IS_OF_FILE (UINT64_C(1) << 61) // or shared memory

// Returns the number of words read; 0 on failure.
static size_t read_words(int file, uint64_t page, uint64_t *words, size_t count) {
    ssize_t size = pread(file, words, count * sizeof *words, (off_t)(page * sizeof *words));
    return size > 0 ? (size_t)size / sizeof *words : 0;
}

size_t page_residency(const void *begin, size_t bytes, size_t otherwise) {
    const size_t size = page_bytes();
    uint64_t words[WORDS], page = (uintptr_t)begin / size, end = ((uintptr_t)begin + bytes + size - 1) / size;
    int saved = errno, file = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    size_t resident = 0, count = 0;
    for (; file >= 0 && page < end; page += count) {
        count = read_words(file, page, words, end - page < WORDS ? end - page : WORDS);
        for (size_t i = 0; i < count; i++) {
            resident += (words[i] & (IS_PRESENT | IS_OF_FILE)) == IS_PRESENT ? size : 0;
        }
        if (count == 0) {
            break;
        }
    }
    if (file >= 0) {
        close(file);
    }
    errno = saved;
    return page >= end ? resident : otherwise;
}

// The second and the third number of statm, in pages.
// In pages, in the file's order (Documentation/filesystems/proc.rst): size, resident, shared, text, lib, data.
enum { STATM_RESIDENT = 1, STATM_SHARED = 2, STATM_DATA = 5, STATM_FIGURES = 6 };

static bool read_statm(uint64_t *bytes) {
    char text[128];
    int saved = errno, file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t length = file >= 0 ? read(file, text, sizeof text - 1) : -1;
    if (file >= 0) {
        close(file);
    }
    errno = saved;
    if (length <= 0) {
        return false;
    }
    text[length] = '\0';
    char *at = text;
    for (size_t i = 0; i < STATM_FIGURES; i++) {
        bytes[i] = strtoul(at, &at, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
    }
    return true;
}

bool page_residency_totals(uint64_t *resident, uint64_t *shared) {
    uint64_t bytes[STATM_FIGURES];
    if (!read_statm(bytes)) {
        return false;
    }
    *resident = bytes[STATM_RESIDENT];
    *shared = bytes[STATM_SHARED];
    return true;
}

size_t page_residency_of_process(void) {
    uint64_t bytes[STATM_FIGURES];
    return read_statm(bytes) ? bytes[STATM_RESIDENT] : 0;
}

uint64_t page_residency_writable(void) {
    uint64_t bytes[STATM_FIGURES];
    return read_statm(bytes) ? bytes[STATM_DATA] : UINT64_MAX;
}
