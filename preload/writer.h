// writer.h: the one thread of ours in a preloaded program: it writes profiles when a period is over, when asked to, and at the end.
//
// It exists only where a period or a signal can ask for a profile: as long as a program has one thread libc takes short cuts, and a
// program without these keeps them. The last profile is then written by a thread made for it. All signals are blocked on it, so the
// program's handlers never run there.
//
// Threads: writer_dump and writer_terminate may be called in a signal handler; the rest from any thread, but not inside malloc.
// Memory: that of the snapshots, and the thread's stack.
#ifndef CMEMPROF_PRELOAD_WRITER_H
#define CMEMPROF_PRELOAD_WRITER_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "profile_file.h"

struct writer {
    struct profile_file file; // the thread's
    uint64_t period_ms;       // 0: none
    bool has_thread;
    sem_t wake, done;
    _Atomic uint32_t dumps;  // asked for and not begun
    _Atomic int termination; // the signal that is to end the program, or 0
    _Atomic bool finishing;  // the last profile was asked for
    _Atomic bool cancelled;  // and nobody wants it
};

// thread: make it now. False: it cannot be made.
bool writer_open(struct writer *writer, uint64_t period_ms, bool thread);

void writer_dump(struct writer *writer); // a profile, soon

// A profile, and then the signal does what it does by default. Waits for that: returns only if it takes longer than limit_s.
void writer_terminate(struct writer *writer, int signal, unsigned limit_s);

// The last profile: it is written when this returns, unless it takes longer than limit_s. Nothing is written afterwards.
void writer_finish(struct writer *writer, unsigned limit_s);
void writer_cancel(struct writer *writer); // the thread ends, nothing is written

#endif
