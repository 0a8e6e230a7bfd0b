// run_child.h: starts the program of `cmemprof run`, forwards signals to it and waits for its end.
//
// The command adopts orphans of the child (PR_SET_CHILD_SUBREAPER), to detect a program that continues in the background.
//
// The child is in the command's process group, so signals from the terminal (^C) have already reached it and are not forwarded. Signals
// that would end the command are blocked before the start and received one by one; the child starts with the original mask.
//
// Threads: the main thread, before there are others, so that they inherit the mask. Memory: stdio's.
#ifndef CMEMPROF_RUN_CHILD_H
#define CMEMPROF_RUN_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct run_child {
    pid_t pid;
    bool family; // also wait for the last of its orphans
    bool ended;  // the child ended with status
    int status;  // as from waitpid
    sigset_t taken, before;
};

// Blocks the signals, then starts the program. Returns false with errno set.
bool run_child_start(struct run_child *child, const char *path, char **argv, char **environment, bool family);
// Waits for the next event, for at most timeout_ms (0: no limit). Returns false when nothing is left to wait for.
bool run_child_wait(struct run_child *child, uint64_t timeout_ms);
// Returns an orphan of the child that has this file mapped, that is, one that was forked without exec. Returns 0 if there is none, or /proc
// is not readable.
pid_t run_child_survivor(const struct run_child *child, const char *mapped);
// Exit status as in a shell: the program's, or 128 + signal.
int run_child_status(const struct run_child *child);

#endif
