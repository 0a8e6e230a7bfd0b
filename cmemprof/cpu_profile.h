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

// The row of the CPU time that no sample stands for, and its value: 0 unless it is 3 % of the process's or more, and five periods.
#define CPU_PROFILE_UNSAMPLED "(CPU time not sampled)"
uint64_t cpu_profile_unsampled_ns(uint64_t process_ns, uint64_t sampled_ns, uint64_t period_ns);

// cmemprof_cpu_profile of a profiler.
enum cmemprof_error cpu_profile_name(struct profiler *self, const void *bytes, size_t size, uint64_t process_ns,
                                     const struct cmemprof_go_names *names, struct cmemprof_cpu *result);

#endif
