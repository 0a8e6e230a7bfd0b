// memory_report.h: what `cmemprof memory` prints: where the resident memory of a process is.
//
// Threads: one. Memory: none.
#ifndef CMEMPROF_MEMORY_REPORT_H
#define CMEMPROF_MEMORY_REPORT_H

#include "../../cmemprof/cgroup_memory.h"
#include "../../cmemprof/resident.h"

#include <stdio.h>

struct memory_report {
    const struct resident *resident;
    const char *program;                // name of the process
    const struct cgroup_memory *cgroup; // NULL: it is in none
    uint64_t peak;                      // VmHWM; 0: not known
    size_t names;                       // shown of each part
};

void memory_report_table(const struct memory_report *report, FILE *out);
// False: no memory. One line:
// {"pid":...,"rss_bytes":...,"unexplained_bytes":...,"parts":[{"part":"malloc","rss_bytes":...,"entries":[...]}],...}
bool memory_report_json(const struct memory_report *report, FILE *out);

#endif
