// context.h: tells profilers outside of the process which service it is (cmemprof/process_context.h), as `cmemprof run` says.
//
// Threads: one, before main and before anything is sampled. Memory: malloc, given back; one page.
#ifndef CMEMPROF_PRELOAD_CONTEXT_H
#define CMEMPROF_PRELOAD_CONTEXT_H

#include "../cmemprof/process_context.h"

enum { CONTEXT_PAIRS = 16 };

// Cuts "SEED,key=value,..." in place, values with escapes as in URLs, and adds service.instance.id, made of the seed and process,
// "PID-START" (base/instance_id.h). id: its text. Returns how many pairs there are; 0: it is not of that form.
size_t context_parse(char *text, const char *process, char *id, struct process_context_pair pairs[CONTEXT_PAIRS]);
// Publishes what is parsed. A failure is no one's concern.
void context_publish(const char *text, const char *process);

#endif
