// run_output.h: writes the profiles of `cmemprof run`: FILE, the sum of the last profile of each process, FILE.1, FILE.2, ..., one for each
// signal that asked for a profile, FILE.peak (run_peak.h), FILE.memory (run_memory.h) and FILE.cpu (run_time.h).
//
// Threads: one. Memory: malloc; the merged profile.
#ifndef CMEMPROF_RUN_OUTPUT_H
#define CMEMPROF_RUN_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "../../merge/merge.h"
#include "../report/gate.h"
#include "run_directory.h"

struct run_output {
    const char *path;
    unsigned signals;     // files written for signals
    bool failed;          // something could not be written, and was reported
    size_t processes;     // in FILE
    struct profile *time; // so far; NULL: none
    size_t times;         // how many it has
    struct gate *gate;    // held against the last profiles; NULL: none
};

// Compressed. Prints an error and returns false if it cannot be written.
bool run_output_write(struct profile *profile, const char *path);
// Sum of a sample type; 0 if there is none.
int64_t run_output_total(struct profile *profile, const char *type);

// Prints what the profile says that it lacks.
void run_output_note_warnings(const struct profile *profile, const char *path);

// Writes new profiles. whole: FILE as well. last: prints a summary of FILE.
void run_output_take(struct run_output *output, struct run_directory *directory, bool whole, bool last);

#endif
