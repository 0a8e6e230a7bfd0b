// writer.h: the library's only thread in a preloaded program: writes profiles periodically, on request and at the end.
//
// It exists only if a period or a signal can ask for a profile: libc has shortcuts for single-threaded programs, which a program without
// these settings keeps. Its last profile is then written by a thread made for it. The thread blocks all signals, so the program's handlers
// never run on it.
//
// Threads: writer_dump and writer_terminate also in signal handlers; the rest from any thread, not inside malloc. Memory: that of the
// snapshots, and the thread's stack.
#ifndef CMEMPROF_PRELOAD_WRITER_H
#define CMEMPROF_PRELOAD_WRITER_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "profile_file.h"

struct writer {
    struct profile_file file; // used by the thread only
    uint64_t period_ms;       // 0: none
    const char *last_reason;  // of the last profile: "exit", unless the caller of writer_finish sets another
    bool has_thread;
    sem_t wake, done;
    _Atomic uint32_t dumps;  // requested, not begun
    _Atomic int termination; // the signal that will end the program, or 0
    _Atomic bool finishing;  // the last profile was requested
    _Atomic bool cancelled;  // the last profile is not wanted
    _Atomic bool is_busy;    // the thread is there; in a child of fork it never is
};

// thread: create it now. Returns false if that fails. A writer that has finished may be opened again once it is no longer busy.
bool writer_open(struct writer *writer, uint64_t period_ms, bool thread);

void writer_dump(struct writer *writer); // requests a profile

// Writes a profile, then gives the signal its default effect. Returns only if that takes longer than limit_s.
void writer_terminate(struct writer *writer, int signal, unsigned limit_s);

// Writes the last profile. Returns true when it is written, or false after limit_s. Nothing is written afterwards.
bool writer_finish(struct writer *writer, unsigned limit_s);
void writer_cancel(struct writer *writer); // ends the thread without a profile

#endif
