// agent.h: what a Datadog Agent serves besides profiles: GET /info; traces, stats, telemetry and metrics, which are read, dropped and
// answered as by the Agent, so that clients log no errors.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_RECEIVER_AGENT_H
#define CMEMPROF_RECEIVER_AGENT_H

#include <microhttpd.h>
#include <stdbool.h>

bool agent_takes(const char *path); // with POST or PUT
// Paths that clients request from an Agent, implemented here or not (with a leading version, as /v0.7/config): allowed with a send token.
bool agent_is_asked(const char *path);
enum MHD_Result agent_answer(struct MHD_Connection *connection, const char *path);
enum MHD_Result agent_info(struct MHD_Connection *connection);

#endif
