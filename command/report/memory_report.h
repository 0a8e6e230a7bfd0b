// memory_report.h: the output of `cmemprof memory`: a breakdown of a process's resident memory.
//
// Threads: one. Memory: none.
#ifndef CMEMPROF_MEMORY_REPORT_H
#define CMEMPROF_MEMORY_REPORT_H

#include "../../cmemprof/cgroup_memory.h"
#include "../../cmemprof/resident.h"
#include "published_context.h"

#include <stdio.h>

struct memory_report {
    const struct resident *resident;
    const char *program;                     // name of the process
    const struct cgroup_memory *cgroup;      // NULL: none
    uint64_t peak;                           // VmHWM in bytes; 0: unknown
    size_t names;                            // entries to show for each part
    const struct published_context *context; // what the process says of itself; NULL: nothing
};

void memory_report_table(const struct memory_report *report, FILE *out);
// Prints one line of JSON. Returns false without memory.
// {"pid":...,"rss_bytes":...,"unexplained_bytes":...,"parts":[{"part":"malloc","rss_bytes":...,"entries":[...]}],...}
// With a context: "context":{"service.name":"shop",...}
bool memory_report_json(const struct memory_report *report, FILE *out);

#endif
