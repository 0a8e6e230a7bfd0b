// page_residency.h (tables): how much of a private memory range is resident: pages that were never written to take no memory.
//
// Threads: any, not inside malloc. Memory: a page of stack.
#ifndef CMEMPROF_PAGE_RESIDENCY_H
#define CMEMPROF_PAGE_RESIDENCY_H

#include <stddef.h>

#include "namespace.h"

// In bytes of whole pages private to the process. Returns `otherwise` if the kernel does not say (no /proc).
size_t page_residency(const void *begin, size_t bytes, size_t otherwise);

// RSS in bytes; 0: unknown (no /proc).
size_t page_residency_of_process(void);

#endif
