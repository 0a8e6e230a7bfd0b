// usdt.h (sample): tells readers outside of the process of each sample, and of the end of each sampled block.
//
// The probes of OpenTelemetry's contract for native heap profiling (opentelemetry-ebpf-profiler, design-docs/00003):
//
//   otel_memory:alloc(block, size, weighted_bytes)      otel_memory:free(block)
//
// A probe is one nop, and a note in .note.stapsdt that says where it is, in which registers its arguments are, and where its count of
// readers is. A reader (bpftrace, perf, an eBPF profiler) raises the count and puts a breakpoint on the nop; the kernel does both for it.
// With no reader a sample and the end of one cost one load and one branch more.
//
// Threads: any, also inside malloc. Memory: none.
#ifndef CMEMPROF_USDT_H
#define CMEMPROF_USDT_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"

// Written by the kernel or a tracer.
extern volatile uint16_t usdt_alloc_readers __attribute__((visibility("hidden"))), usdt_free_readers __attribute__((visibility("hidden")));

void usdt_alloc(const void *block, uint64_t size, uint64_t weighted_bytes);
void usdt_free(const void *block);

// Call for a sample that is in the live table, so that each block that was told of is told of again when it ends.
static inline void usdt_tell_alloc(const void *block, uint64_t size, double weighted_bytes) {
    if (__builtin_expect(usdt_alloc_readers != 0, 0)) {
        usdt_alloc(block, size, (uint64_t)(weighted_bytes + 0.5));
    }
}

// Call before the block returns to the allocator, which may give its address to another thread.
static inline void usdt_tell_free(const void *block) {
    if (__builtin_expect(usdt_free_readers != 0, 0)) {
        usdt_free(block);
    }
}

#endif
