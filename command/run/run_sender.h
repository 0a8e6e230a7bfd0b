// run_sender.h: the thread that sends what is in the queue (upload/upload.h); see run_agent.h.
//
// Threads: the functions belong to one. run_sender_add never waits for the network, run_sender_close for a bounded time. Memory: malloc.
#ifndef CMEMPROF_RUN_SENDER_H
#define CMEMPROF_RUN_SENDER_H

#include "../../upload/upload.h"
#include "run_agent.h"

struct run_sender;
// url as in run_agent_open. NULL: no memory, or no thread.
struct run_sender *run_sender_open(const char *url, uint64_t period_ns);
bool run_sender_add(struct run_sender *sender, const struct upload_request *request); // copies its batch; false: no memory
void run_sender_close(struct run_sender *sender, unsigned limit_s, struct run_agent_counts *counts);

#endif
