// run_options.h: the command line of `cmemprof run`.
//
// Threads: one (getopt). Memory: none; values point into argv.
#ifndef CMEMPROF_RUN_OPTIONS_H
#define CMEMPROF_RUN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

// Exit statuses of the command itself, as of env(1) and timeout(1).
enum { RUN_STATUS_FAILED = 125, RUN_STATUS_NOT_RUN = 126, RUN_STATUS_NOT_FOUND = 127 };

struct run_options {
    const char *output, *agent, *service; // NULL: not given
    uint64_t rate_bytes, period_ms;       // period 0: not given
    int signal;                           // 0: none
    bool follow_children;
    char **argv; // the program and its arguments
};

// Returns -1 to continue, or the exit status after --help or an error message.
int run_options_parse(int argc, char **argv, struct run_options *options);

// What a variable of the environment says: 1 for 1, t, true; 0 for 0, f, false; otherwise if it is not set or empty; -1 if it is neither.
int run_options_switch(const char *name, int otherwise);

#endif
