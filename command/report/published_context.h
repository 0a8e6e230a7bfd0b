// published_context.h: what a process says of itself to profilers outside of it (../../cmemprof/process_context.h; OTEP 4719): the
// attributes of its resource, such as service.name.
//
// Threads: one at a time. Memory: malloc.
#ifndef CMEMPROF_PUBLISHED_CONTEXT_H
#define CMEMPROF_PUBLISHED_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { PUBLISHED_CONTEXT_MOST = 64 };

struct published_context { // zero-initialize
    struct {
        char *key, *value; // numbers in decimal
    } list[PUBLISHED_CONTEXT_MOST];
    size_t count;
};

// False: the process has published none, it is of another version, or its memory cannot be read.
bool published_context_read(pid_t pid, struct published_context *context);
void published_context_free(struct published_context *context);

#endif
