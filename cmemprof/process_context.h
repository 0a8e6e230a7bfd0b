// process_context.h: says which service a process is to profilers outside of it: attributes of its resource in a mapping named OTEL_CTX
// (OpenTelemetry's OTEP 4719, version 2 of its header).
//
// The mapping is a memfd, or anonymous and named where there is none. A child of fork does not have it. It is written once and not changed:
// who has other attributes withdraws it and publishes again.
//
// Threads: any. Memory: one mapping of its own, of a page or as many as the attributes take.
#ifndef CMEMPROF_PROCESS_CONTEXT_H
#define CMEMPROF_PROCESS_CONTEXT_H

#include "namespace.h"

#include <stddef.h>
#include <stdint.h>

#define PROCESS_CONTEXT_NAME "OTEL_CTX" // of the mapping, and the signature at its start
enum { PROCESS_CONTEXT_VERSION = 2 };

struct process_context_header {
    char signature[8]; // written last; not terminated
    uint32_t version, payload_size;
    uint64_t published_ns;    // CLOCK_BOOTTIME; 0: it is being written
    uint64_t payload_address; // a ProcessContext (opentelemetry.proto.processcontext.v1development) whose resource has texts as values
};

struct process_context_pair {
    const char *key, *value; // "service.name", "shop"; keys differ
};
enum process_context_result {
    PROCESS_CONTEXT_OK,
    PROCESS_CONTEXT_TAKEN,  // something else in this process has published one
    PROCESS_CONTEXT_FAILED, // no memory, or the kernel has neither memfds nor names of mappings
};
// In the place of what this function published before. Reads /proc/self/maps.
enum process_context_result process_context_publish(const struct process_context_pair *pairs, size_t count);
void process_context_withdraw(void); // what was published here, if anything

#endif
