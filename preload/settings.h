// settings.h: what the environment asks of a preloaded libcmemprof.so.
//
//   CMEMPROF_DIRECTORY        where profiles go; without it nothing starts
//   CMEMPROF_RATE             mean bytes between two samples (524288)
//   CMEMPROF_MEMORY_LIMIT     bytes of the profiler's tables (0: 1 % of resident memory, at least 8 MiB)
//   CMEMPROF_PERIOD_MS        a profile every so many milliseconds
//   CMEMPROF_SIGNAL           a profile at each signal of this number
//   CMEMPROF_ON_TERMINATION   1: one before SIGHUP, SIGINT or SIGTERM ends a program that does not handle it
//   CMEMPROF_FOLLOW_CHILDREN  1: child processes are profiled as well; otherwise they find no trace of this in their environment
//   CMEMPROF_KEEP             only the last so many profiles of a process stay, since each holds all
//                             of the ones before (up to 15; 0: all)
//
// Threads: one, before main. Memory: the caller's.
#ifndef CMEMPROF_PRELOAD_SETTINGS_H
#define CMEMPROF_PRELOAD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

enum { SETTINGS_PATH_BYTES = 3072 };

struct settings {
    char directory[SETTINGS_PATH_BYTES]; // "": off
    uint64_t memory_limit_bytes;         // cmemprof_set_memory_limit
    uint64_t interval_bytes, period_ms;  // period 0: none
    int signal;                          // 0: none
    bool on_termination, follow_children;
    uint32_t keep;
};

// get: getenv, or for a program that runs with somebody else's rights secure_getenv. Returns NULL, or the variable that cannot be read.
const char *settings_read(struct settings *settings, char *(*get)(const char *name));

// One of the variables above, "NAME=value".
bool settings_is_own(const char *variable);

// Takes the variables above out of environment, and library out of its LD_PRELOAD. In place: main's envp is the same array. What walks over
// it to the auxiliary vector still gets there.
void settings_remove(char **environment, const char *library);

#endif
