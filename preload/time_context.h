// time_context.h: what a thread works for at a moment, as labels of a sample: the task of asyncio that it runs, and the span of a tracer,
// which the package for Python keeps in a variable of the thread's context.
//
// A period keeps texts of its own, since names of tasks may be without end. Where a table of samples is half full, tasks are all alike, and
// spans are left out: labels shall not take the place of time.
//
// Threads: find by one. read by any, about itself, also in signal handlers; about others with copies. Memory: mmap once asyncio is found.
#ifndef CMEMPROF_PRELOAD_TIME_CONTEXT_H
#define CMEMPROF_PRELOAD_TIME_CONTEXT_H

#include "time_labels.h"
#include "time_state.h"

// Of each tick: looks whether the program uses asyncio, until it does.
void time_context_find(struct time_state *state);

// Sets what is known of the thread with this state (PyThreadState). table: that the sample goes to. reader: has begun; without copies the
// thread is the calling one.
void time_context_read(struct time_state *state, struct time_period *period, enum time_table table, struct python_reader *reader,
                       uintptr_t thread, struct time_labels *labels);

// variable: a ContextVar whose values are bytes: the IDs of the span and of its local root, of 8 bytes each, as the machine has them. It
// stays for good. Returns false if memory runs out.
bool time_context_watch(struct time_state *state, uintptr_t variable);
// What this root span, which has ended, was for.
void time_context_endpoint(struct time_period *period, uint64_t root, const char *text);
// Returns the word of the period's texts; 0: it is not known.
uintptr_t time_context_endpoint_of(const struct time_period *period, uint64_t root);
void time_context_clear(struct time_period *period); // texts and endpoints

#endif
