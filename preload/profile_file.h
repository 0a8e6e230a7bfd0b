// profile_file.h: writes the profiles of this process into a directory: PID-START.N.REASON.pb, uncompressed profile.proto.
//
// START is the time in nanoseconds when the process was named, since process ids come again; N counts from 1. Each file is whole when it
// appears (written under another name first, then renamed; never mapped, so a full disk is an error and no SIGBUS). What went wrong last is
// in PID-START.error, one line; why nothing is sampled at all, in PID-START.unsampled. No descriptor stays open between two profiles:
// programs close, count and inherit them.
//
// Threads: one at a time. Memory: that of the snapshot. Not inside malloc, and not in a signal handler.
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
    char reasons[PROFILE_FILE_KEEP_MAX][16]; // of the last ones, by N, as they are part of the names
};

// Names the process: at its start, and again in a child that goes on. keep is less than PROFILE_FILE_KEEP_MAX.
void profile_file_begin(struct profile_file *file, const char *directory, uint32_t keep);

// Takes a profile and writes it. reason: a word of up to 15 letters.
void profile_file_write(struct profile_file *file, const char *reason);

// Leaves a note that a profile is lost, and why.
void profile_file_fail(const struct profile_file *file, const char *text);
// Leaves a note that nothing is sampled, so that there will be no profile, and why.
void profile_file_unsampled(const struct profile_file *file, const char *text);

#endif
