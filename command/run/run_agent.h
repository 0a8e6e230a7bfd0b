// run_agent.h: sends the profiles of a program to a Datadog Agent, or whatever takes its uploads: a batch for each file of a process, which
// is one a period. dd-trace-go's form (upload/upload.h) with the family "native": delta-heap.pprof, in which alloc_* count since the batch
// before, or heap.pprof with DD_PROFILING_DELTA=false; event.json; and tags from --service, DD_SERVICE, DD_ENV, DD_VERSION, DD_TAGS.
//
// What cannot be sent waits, is tried again, and goes into the spool of DD_PROFILING_SPOOL_DIR if there is one: upload/upload.h's queue.
//
// Threads: the functions belong to one; it never waits for the network, which is for a thread of the agent's own, but in run_agent_close.
// Memory: malloc; the last profile of each process that lives (merge.h's struct delta), and the queue.
#ifndef CMEMPROF_RUN_AGENT_H
#define CMEMPROF_RUN_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run_directory.h"

struct run_agent;

// url: http://host:port, https://..., unix:///path; with another path than "/" and "/t/TOKEN" it is taken as it is. service: of the tags.
// period_ms: how often batches come. NULL: no memory, or no thread. Blocks no signal: the caller has.
struct run_agent *run_agent_open(const char *url, const char *service, uint64_t period_ms);
void run_agent_add(struct run_agent *agent, const struct run_file *file, const void *bytes, size_t size);

struct run_agent_counts {
    uint64_t sent, failed, spooled; // batches of this program; those in the spool are not lost
    char text[600];                 // why the last one failed
};
// Waits until all is sent, 10 seconds at most.
void run_agent_close(struct run_agent *agent, struct run_agent_counts *counts);

#endif
