// agent.h: what a Datadog Agent is asked for besides profiles: GET /info, and traces, stats, telemetry and metrics, which are read, dropped
// and answered as the Agent does, so that clients stay quiet.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_RECEIVER_AGENT_H
#define CMEMPROF_RECEIVER_AGENT_H

#include <microhttpd.h>
#include <stdbool.h>

bool agent_takes(const char *path); // with POST or PUT
// Clients ask it of an Agent, had here or not (paths that begin with a version, as /v0.7/config): who may send may ask.
bool agent_is_asked(const char *path);
enum MHD_Result agent_answer(struct MHD_Connection *connection, const char *path);
enum MHD_Result agent_info(struct MHD_Connection *connection);

#endif
