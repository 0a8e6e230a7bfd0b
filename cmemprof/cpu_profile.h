// cpu_profile.h (cpu): names the C code in a CPU profile of Go's, and completes it.
//
// Go's writer knows addresses of C code only. They get what C addresses of a heap profile get: functions with lines and inlined ones, else
// file and offset, and mappings apart from Go's (code_names.h). So a viewer needs no file, and Go's own names stay.
//
// Threads: any, not inside malloc or signal handlers; takes the naming lock. Memory: malloc and mmap during the call.
#ifndef CMEMPROF_CPU_PROFILE_H
#define CMEMPROF_CPU_PROFILE_H

#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "cmemprof.h"

struct profiler;

// cmemprof_cpu_profile of a profiler.
enum cmemprof_error cpu_profile_name(struct profiler *self, const void *bytes, size_t size, uint64_t process_ns,
                                     const struct cmemprof_go_names *names, struct cmemprof_cpu *result);

#endif
