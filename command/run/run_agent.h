// run_agent.h: sends the profiles of a program to a Datadog Agent or compatible server, by OTLP or to Grafana Pyroscope.
//
// One batch per profile file, that is one per process and period, in dd-trace-go's format (upload/upload.h) with the family "native":
// delta-heap.pprof, in which alloc_* count since the previous batch, or heap.pprof with DD_PROFILING_DELTA=false; event.json; and tags from
// --service, DD_SERVICE, DD_ENV, DD_VERSION, DD_TAGS, DD_PROFILING_TAGS, and for OTLP OTEL_RESOURCE_ATTRIBUTES; what is sent by other
// protocols is made of it (run_body.h). DD_PROFILING_REPORT_HOSTNAME, _PROCESS_ID and _SOURCE_PATHS leave these out. Batches that cannot be
// sent are queued, retried, and spooled in DD_PROFILING_SPOOL_DIR if set (upload/upload.h).
//
// Threads: one calls these functions. Only run_agent_close waits for the network; a thread of the agent's own sends.
// Memory: malloc; the last profile of each live process (struct delta of merge.h), and the queue.
#ifndef CMEMPROF_RUN_AGENT_H
#define CMEMPROF_RUN_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../receiver/receiver.h"
#include "run_directory.h"
#include "run_otlp.h"

struct run_agent;

// url: http://host:port, https://..., of an Agent also unix:///path; for which a path other than "/" and "/t/TOKEN" is kept, for others
// ../send/target_address.h. otlp: how it is sent, for OTLP, whose address is otlp->url; else NULL. service: value of the tag. seed: of the
// tags runtime-id (base/instance_id.h); it, otlp and service must outlive the agent. period_ms: time between batches. Caller must have
// blocked signals. Returns NULL without memory or if the thread cannot start.
struct run_agent *run_agent_open(enum receiver_target_kind kind, const char *url, const struct run_otlp *otlp, const char *service,
                                 const char *seed, uint64_t period_ms);
// besides: run_directory_read_beside, sent as peak.pprof, memory.pprof and cpu.pprof; NULL: there is none.
struct run_beside_bytes {
    const void *bytes;
    size_t size;
};
void run_agent_add(struct run_agent *agent, const struct run_file *file, const void *bytes, size_t size,
                   const struct run_beside_bytes besides[RUN_BESIDES]);

// Takes all profiles from the directory, and removes them; those that `cmemprof top` has asked for stay until there are newer ones. Returns
// how many were taken.
size_t run_agent_take(struct run_agent *agent, struct run_directory *directory);
// Forgets the processes that have ended without a last profile, as `has_ended` says; what it tells of is not theirs any more.
void run_agent_forget(struct run_agent *agent, bool (*has_ended)(const void *context, long pid, int64_t start_ns), const void *context);

struct run_agent_counts {
    uint64_t sent, failed, spooled; // batches of this program; spooled ones are not lost
    char text[600];                 // why the last failed batch failed
};
// Whether nothing is being sent: all batches are, or wait for their next attempt.
bool run_agent_rests(struct run_agent *agent);
// So far. failed also counts profiles of which no batch could be made.
void run_agent_count(struct run_agent *agent, struct run_agent_counts *counts);
// Waits until all batches are sent, for at most 10 seconds.
void run_agent_close(struct run_agent *agent, struct run_agent_counts *counts);

#endif
