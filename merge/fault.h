// fault.h: fills in struct merge_fault. Threads: any, each with its own fault. No memory.
#ifndef CMEMPROF_MERGE_FAULT_H
#define CMEMPROF_MERGE_FAULT_H

#include "namespace.h"
#include "merge.h"

// Says what is wrong; returns error, so that a caller can pass it on at once. fault may be NULL.
enum merge_error fault_set(struct merge_fault *fault, enum merge_error error, size_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
