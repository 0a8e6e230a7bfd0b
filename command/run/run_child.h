// run_child.h: the program that `cmemprof run` has started: signals are handed on to it, and its end is waited for.
//
// Orphans of the child become our children (PR_SET_CHILD_SUBREAPER), so that it can be seen whether it went on in the background.
//
// The child is in our process group, so what the terminal sends (^C) has reached it already and is not sent again. Signals that would end
// us are blocked from before the start on and taken one by one; the child starts with the mask that we had.
//
// Threads: the main thread, before there are others, so that they inherit the mask. Memory: what stdio takes.
#ifndef CMEMPROF_RUN_CHILD_H
#define CMEMPROF_RUN_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct run_child {
    pid_t pid;
    bool family; // the last of its orphans is waited for, too
    bool ended;  // the child, with status
    int status;  // as of waitpid
    sigset_t taken, before;
};

// Blocks the signals, then starts the program. False: errno tells.
bool run_child_start(struct run_child *child, const char *path, char **argv, char **environment, bool family);
// Waits until something has happened, timeout_ms at most (0: without limit). False: nothing is left to wait for.
bool run_child_wait(struct run_child *child, uint64_t timeout_ms);
// A process that the child left behind and that has this file mapped, so one that was forked and not executed anew; 0: there is none, or
// /proc does not tell.
pid_t run_child_survivor(const struct run_child *child, const char *mapped);
// What a shell would say: the exit status, or 128 + signal.
int run_child_status(const struct run_child *child);

#endif
