// fault.h: fills in struct merge_fault. Threads: any, each with its own fault. Memory: none.
#ifndef CMEMPROF_MERGE_FAULT_H
#define CMEMPROF_MERGE_FAULT_H

#include "namespace.h"
#include "merge.h"

// Fills in fault, which may be NULL. Returns error, so that callers can return the call.
enum merge_error fault_set(struct merge_fault *fault, enum merge_error error, size_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
