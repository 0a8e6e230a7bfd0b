// run_options.h: the command line of `cmemprof run`.
//
// Threads: one (getopt). Memory: values point into argv; those of otlp are run_otlp_free's.
#ifndef CMEMPROF_RUN_OPTIONS_H
#define CMEMPROF_RUN_OPTIONS_H

#include "../../receiver/receiver.h"

#include <stdbool.h>
#include <stdint.h>

#include "../report/gate.h"
#include "run_otlp.h"

// Exit statuses of the command itself, as of env(1) and timeout(1).
enum { RUN_STATUS_FAILED = 125, RUN_STATUS_NOT_RUN = 126, RUN_STATUS_NOT_FOUND = 127 };

// The file where none is given (run_path.h).
#define RUN_DEFAULT_OUTPUT "cmemprof.%e.%p.pprof"

struct run_options {
    const char *output, *agent, *service; // NULL: not given. agent: where profiles are sent, of any kind
    enum receiver_target_kind kind;       // of agent
    struct run_otlp otlp;                 // of that kind
    uint64_t rate_bytes, period_ms;       // period 0: not given
    int signal;                           // 0: none
    bool follow_children, without_c, cpu;
    long attach;                     // 0, or the process whose profiles are sent (run_attach.h): there is no program then
    unsigned long long attach_stack; // where its stack is, as proc(5) says in field 28; 0: not known
    const char *directory;           // of that
    struct gate gate;                // --fail-if
    char **argv;                     // the program and its arguments
};

// Returns -1 to continue, or the exit status after --help or an error message.
int run_options_parse(int argc, char **argv, struct run_options *options);

// Sets what is not given: the service, by $DD_SERVICE, $OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES or `name`, which must outlive the
// options; and the period, where profiles are sent.
void run_options_settle(struct run_options *options, const char *name);

// What a variable of the environment says: 1 for 1, t, true; 0 for 0, f, false; otherwise if it is not set or empty; -1 if it is neither.
int run_options_switch(const char *name, int otherwise);

#endif
