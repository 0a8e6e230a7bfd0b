// settings.h: the environment variables of a preloaded libcmemprof.so.
//
//   CMEMPROF_DIRECTORY        where profiles are written; without it nothing starts
//   CMEMPROF_RATE             mean bytes between two samples (524288)
//   CMEMPROF_MEMORY_LIMIT     bytes of the profiler's tables (0: 1 % of resident memory, at least 8 MiB)
//   CMEMPROF_PERIOD_MS        milliseconds between two profiles
//   CMEMPROF_SIGNAL           number of a signal that asks for a profile
//   CMEMPROF_ON_TERMINATION   1: a profile before SIGHUP, SIGINT or SIGTERM ends a program that does not handle it
//   CMEMPROF_FOLLOW_CHILDREN  1: profiles child processes as well; otherwise they find no trace of this in their environment
//   CMEMPROF_KEEP             number of profiles kept per process, latest first, since each contains all before it (up to 15; 0: all)
//   CMEMPROF_MARK             1: a file says that a process has begun, until its last profile is written
//   CMEMPROF_TIME_HZ          samples of a second of CPU time, up to 1000; 0: none (time_profile.h)
//   CMEMPROF_CONTEXT          SEED,key=value,...: attributes of the service, published for profilers outside of the process (context.h)
//
// Threads: one, before main. Memory: the caller's.
#ifndef CMEMPROF_PRELOAD_SETTINGS_H
#define CMEMPROF_PRELOAD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

enum { SETTINGS_VARIABLES = 11, SETTINGS_PATH_BYTES = 3072, SETTINGS_CONTEXT_BYTES = 2048 };

struct settings {
    char directory[SETTINGS_PATH_BYTES]; // "": off
    uint64_t memory_limit_bytes;         // cmemprof_set_memory_limit
    uint64_t interval_bytes, period_ms;  // period 0: none
    int signal;                          // 0: none
    bool on_termination, follow_children, marks;
    uint32_t keep;
    unsigned time_hz;                     // 0: off
    char context[SETTINGS_CONTEXT_BYTES]; // "": none
};

// get is getenv, or secure_getenv for a program that runs with another user's rights. Returns NULL, or the variable that cannot be parsed.
const char *settings_read(struct settings *settings, char *(*get)(const char *name));

// Returns true for one of the variables above, "NAME=value".
bool settings_is_own(const char *variable);

// Removes the variables above from environment, and library from its LD_PRELOAD. In place, since main's envp is the same array. Code that
// scans past it to the auxiliary vector still works.
void settings_remove(char **environment, const char *library);

#endif
