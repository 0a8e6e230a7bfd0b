// page_residency.h (tables): how much of a private memory range is resident: pages that were never written to take no memory.
//
// Threads: any, not inside malloc. Memory: a page of stack.
#ifndef CMEMPROF_PAGE_RESIDENCY_H
#define CMEMPROF_PAGE_RESIDENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

// In bytes of whole pages private to the process. Returns `otherwise` if the kernel does not say (no /proc).
size_t page_residency(const void *begin, size_t bytes, size_t otherwise);

// Of the process, in bytes: RSS, and of it files and shared memory. False: unknown (no /proc).
bool page_residency_totals(uint64_t *resident, uint64_t *shared);
// RSS alone; 0: unknown.
size_t page_residency_of_process(void);
// The process's private memory that it may write to, resident or not. UINT64_MAX: unknown.
uint64_t page_residency_writable(void);

#endif
