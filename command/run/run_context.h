// run_context.h: what the library in the program publishes of its service (preload/context.h).
//
// Threads: any, while nobody changes the environment. Memory: malloc.
#ifndef CMEMPROF_RUN_CONTEXT_H
#define CMEMPROF_RUN_CONTEXT_H

#include <stddef.h>

enum { RUN_SEED_BYTES = 17 };
// A random text, of which ids of processes are made (base/instance_id.h).
void run_context_seed(char seed[RUN_SEED_BYTES]);
// "SEED,key=value,...", with the service, DD_ENV, DD_VERSION and the host, without what DD_PROFILING_REPORT_HOSTNAME leaves out. The caller
// frees it. NULL: no memory, or DD_PROFILING_CMEMPROF_PROCESS_CONTEXT switches it off.
char *run_context_text(const char *seed, const char *service);

#endif
