// process_figures.h: what this process takes, under the names that all of Prometheus' client libraries give it: process_cpu_seconds_total,
// process_resident_memory_bytes and so on. What /proc does not tell is left out. Threads: any. Memory: the stack.
#ifndef CMEMPROF_RECEIVER_PROCESS_FIGURES_H
#define CMEMPROF_RECEIVER_PROCESS_FIGURES_H

#include "exposition.h"

void process_figures_write(struct exposition *exposition);

#endif
