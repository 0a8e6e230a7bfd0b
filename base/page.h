// page.h: the kernel's pages: 4 KiB on amd64; 4, 16 or 64 KiB on arm64, as the kernel was built.
//
// Threads: any, also inside malloc.
#ifndef CMEMPROF_BASE_PAGE_H
#define CMEMPROF_BASE_PAGE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>

static inline size_t page_bytes(void) {
#ifdef __x86_64__
    return 4096;
#else
    return (size_t)getauxval(AT_PAGESZ);
#endif
}

// Gives memory of an anonymous mapping back to the kernel; it reads as zeros from then on. Returns -1 and sets errno if it is not of whole
// pages: the kernel would discard what lies behind it in the last one.
static inline int page_discard(void *at, size_t bytes) {
    if (((uintptr_t)at | bytes) % page_bytes() != 0) {
        errno = EINVAL;
        return -1;
    }
    return madvise(at, bytes, MADV_DONTNEED);
}

#endif
