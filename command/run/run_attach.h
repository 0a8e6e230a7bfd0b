// run_attach.h: `cmemprof run --attach PID --directory DIRECTORY`: sends the profiles that a process and its children write into a private
// directory, and is not their parent: Python's package cmemprof.profiling starts it for its process.
//
//   host process ── libcmemprof.so ──► DIRECTORY ──► this ──► Agent, OTLP, Pyroscope (run_agent.h)
//
// PID may be PID@STACK, the place of the process's stack (field 28 of proc(5)): if it has become another program before this one has
// looked. It ends, and removes the directory, once the process and all others that have begun there have ended, or have become other
// programs: until then signals do not end it, so that what a process has written before it was killed is sent. Files in the directory,
// beside those of run_directory.h:
//
//   sender.log   standard error of this command, written by whoever starts it: what went wrong. Cut at 64 KiB
//   ready        made by this command once it sends; without it what is in sender.log is why it has ended
//   flush        made by the process: send what is there; removed when it is sent, or waits for an Agent that does not answer
//
// Threads: the main one, before there are others. Memory: that of run_agent.h.
#ifndef CMEMPROF_RUN_ATTACH_H
#define CMEMPROF_RUN_ATTACH_H

#include "run_options.h"

// Returns the exit status.
int run_attach(struct run_options *options);

#endif
