// run_sender.h: a thread that sends the batches of a queue (upload/upload.h), for run_agent.h.
//
// Threads: one calls these functions. run_sender_add never waits for the network; run_sender_close waits at most limit_s, and
// about a second for a request in flight. Memory: malloc.
#ifndef CMEMPROF_RUN_SENDER_H
#define CMEMPROF_RUN_SENDER_H

#include "../../upload/upload.h"
#include "run_agent.h"

struct run_sender;
// url, otlp: as in run_agent_open. Returns NULL without memory or if the thread cannot start.
struct run_sender *run_sender_open(enum receiver_target_kind kind, const char *url, const struct run_otlp *otlp, uint64_t period_ns);
// Whether its thread has nothing to do: all batches are sent, or wait for their next attempt.
bool run_sender_rests(struct run_sender *sender);
// Batches so far, and why the last failed one did; "" if none has.
void run_sender_counts(struct run_sender *sender, struct run_agent_counts *counts);
bool run_sender_add(struct run_sender *sender, const struct upload_request *request); // copies the batch; returns false without memory
void run_sender_close(struct run_sender *sender, unsigned limit_s, struct run_agent_counts *counts);

#endif
