// page_residency.h: how much of some memory of our own is in memory: what is reserved and was never written to takes nothing.
//
// Threads: any, not inside malloc. Memory: a page of stack.
#ifndef CMEMPROF_PAGE_RESIDENCY_H
#define CMEMPROF_PAGE_RESIDENCY_H

#include <stddef.h>

#include "namespace.h"

// In whole pages that belong to the process alone, of those that the bytes lie in; `otherwise` where the kernel does not say (no /proc).
size_t page_residency(const void *begin, size_t bytes, size_t otherwise);

#endif
