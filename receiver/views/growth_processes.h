// growth_processes.h: the uploads of a list by process, each by time: the processes that were there last, and how many others are left out.
//
// Threads: any. Memory: malloc, 24 bytes an upload.
#ifndef CMEMPROF_RECEIVER_GROWTH_PROCESSES_H
#define CMEMPROF_RECEIVER_GROWTH_PROCESSES_H

#include "upload_list.h"

enum { GROWTH_PROCESSES = 1000 };

// Uploads order[first] to order[first + count - 1] of the list.
struct growth_life {
    size_t first, count;
};
struct growth_processes {
    size_t *order;
    struct growth_life *list; // the one that was there last first
    size_t count, left_out;   // left_out: uploads of those beyond GROWTH_PROCESSES
};
bool growth_processes_find(struct growth_processes *processes, const struct upload_list *list); // false: no memory
void growth_processes_free(struct growth_processes *processes);

#endif
