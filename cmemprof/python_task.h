// python_task.h (sample): the task of asyncio that a thread runs.
//
// _asyncio keeps the running task of each event loop in a dict, also for uvloop's. Which of them is this thread's is known by its context
// (contextvars): a task runs in its own, and no two threads are in one context at a time. Tasks in Python (asyncio.tasks._PyTask) are not
// among them.
//
// Where that dict is, is found by sys.modules, from a thread of ours, in copies: nothing is imported, called or referred to.
//
// Threads: find by one. of by any that may read: it has copies; or is the thread itself, and what it reads stays mapped: it has the GIL, or
// Python's arenas are kept (of up to five loops that run at once, what is read is in arenas). Memory: none.
#ifndef CMEMPROF_PYTHON_TASK_H
#define CMEMPROF_PYTHON_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "python_names.h"
#include "python_stack.h"

struct python_task {
    uint64_t number; // of one that was not given a name: "Task-12"
    size_t size;     // of the name; 0: it has the number only
    char name[PYTHON_NAME_BYTES];
};

// Looks for asyncio, until it is there. Cheap as long as no module is added. Returns true once it is found.
bool python_task_find(struct python *python, struct python_reader *reader);

// thread: the state. False: it runs none, or asyncio is not found.
bool python_task_of(const struct python *python, struct python_reader *reader, uintptr_t thread, struct python_task *task);

#endif
