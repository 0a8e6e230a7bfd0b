// time_context.h: what a thread works for at a moment, as labels of a sample: the task of asyncio that it runs.
//
// A period keeps texts of its own, since names of tasks may be without end. Where a table of samples is half full, tasks that have only a
// number are all alike: labels shall not take the place of time.
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

#endif
