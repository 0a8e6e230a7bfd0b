// cpu_traceback.h (cpu): the functions for Go's runtime.SetCgoTraceback: C frames for its CPU profile and for what it prints at a crash.
//
// Go calls the traceback for every signal that arrives while C runs in a call from Go (SIGPROF, SIGURG, SIGSEGV, ...), and for SIGPROF on
// threads that C has made, on the signal stack. There is room for 32 addresses; Go adds its own frames. A deeper stack keeps its leaf part
// and its root part, with one address between them that says how many frames were left out.
//
//   leaf .. leaf, left_out + n, root part | runtime.cgocall <- ... <- main.main
//
// Addresses are those of the calls, as Go's documentation of SetCgoTraceback demands. Names come when the profile is collected
// (cpu_profile.h). Until then, and at a crash, the symbolizer knows file and offset.
//
// Threads: any, in signal handlers. No lock, no allocation. Memory: mmap at the first start; a walk needs 12 KiB of it, one walk for each
// thread that is in a signal handler, and there is room for CPU_SCRATCHES.
#ifndef CMEMPROF_CPU_TRACEBACK_H
#define CMEMPROF_CPU_TRACEBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "profiler.h"
#include "unwind_interrupted.h"

// Returns false if memory runs out. Not in signal handlers.
bool cpu_traceback_start(struct profiler *self);
void cpu_traceback_stop(struct profiler *self);
void cpu_traceback_close(struct profiler *self); // no signal handler may be walking

// Fills pcs, of capacity at least 3, with what a traceback gives for an interrupted thread: leaf first, and a 0 behind the last one if
// there is room. context is the signal handler's.
void cpu_traceback_walk(struct profiler *self, struct thread_state *thread, const void *context, uintptr_t *pcs, uint32_t capacity);

// Writes "libz.so.1.2.13+0x1234", or "unknown+0x..."; the offset is from the object's load address, as in addr2line.
void cpu_traceback_print(struct profiler *self, uintptr_t pc, char *text, size_t size);

void cpu_traceback_after_fork_in_child(struct profiler *self);

#endif
