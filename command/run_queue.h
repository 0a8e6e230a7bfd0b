// run_queue.h: batches on their way to the server, and the thread that sends them; see run_agent.h.
#ifndef CMEMPROF_RUN_QUEUE_H
#define CMEMPROF_RUN_QUEUE_H

#include "run_agent.h"

struct run_batch {
    const char *name; // of the attachment
    uint8_t *bytes;   // malloc'ed, as is the event
    size_t size;
    char *event;
    size_t event_size;
};

struct run_queue;
struct run_queue *run_queue_open(const char *url); // NULL: no memory, or no thread
// Takes what the batch points to. Never waits: when the queue is full, the oldest batch makes room.
void run_queue_add(struct run_queue *queue, const struct run_batch *batch);
void run_queue_close(struct run_queue *queue, unsigned limit_s, struct run_agent_counts *counts);

#endif
