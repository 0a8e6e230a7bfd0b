// profile_file.h: writes the profiles of this process into a directory: PID-START.N.REASON.pb, uncompressed profile.proto, and beside them
// PID-START.peak, the peaks so far (cmemprof_snapshot_take_peaks), and PID-START.memory, the memory profile, replaced with each of them.
//
// START is the time in nanoseconds at which the process was named, since process IDs are reused; N counts from 1. Each file is complete
// when it appears: it is written under another name, then renamed, and never mapped, so that a full disk is an error and not SIGBUS. The
// last error is in PID-START.error, one line; why nothing is sampled at all is in PID-START.unsampled. No descriptor stays open between two
// profiles: programs close, count and inherit descriptors.
//
// Threads: one at a time, not inside malloc, not in a signal handler. Memory: that of the snapshot.
#ifndef CMEMPROF_PRELOAD_PROFILE_FILE_H
#define CMEMPROF_PRELOAD_PROFILE_FILE_H

#include <stdint.h>

#include "settings.h"

enum { PROFILE_FILE_KEEP_MAX = 16 };

struct profile_file {
    const char *directory;
    char process[48];                        // PID-START
    uint32_t next;                           // N
    uint32_t keep;                           // 0: all
    uint64_t filters;                        // of system calls, when it began
    char reasons[PROFILE_FILE_KEEP_MAX][16]; // of the last files, by N: part of their names
};

// Names the process: at its start, and again in a forked child. keep must be less than PROFILE_FILE_KEEP_MAX.
void profile_file_begin(struct profile_file *file, const char *directory, uint32_t keep);

// PID-START.begun is there from the start of sampling until the last profile is written ("exit", "termination", "stop"), so that who reads
// the directory knows of a process that was killed. A full disk may have no space for it.
void profile_file_mark(const struct profile_file *file);
// Instead, PID-START.replaced: the process is about to become another program, and has sampled nothing. Also in a signal handler.
void profile_file_mark_replaced(const struct profile_file *file);

// Takes and writes a profile. reason is a word of up to 15 letters.
void profile_file_write(struct profile_file *file, const char *reason);

// Records that a profile is lost, and why.
void profile_file_fail(const struct profile_file *file, const char *text);
// Records that nothing is sampled, so that there will be no profile, and why.
void profile_file_unsampled(const struct profile_file *file, const char *text);

#endif
