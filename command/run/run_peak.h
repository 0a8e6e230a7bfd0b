// run_peak.h: writes FILE.peak, the sum of the peaks of all processes, and prints a line with its largest sites.
//
// The peaks need not have been at the same time. If nine tenths of the peak are in use at the end there is neither, since FILE shows it.
//
// Threads: one. Memory: malloc; the merged profile.
#ifndef CMEMPROF_RUN_PEAK_H
#define CMEMPROF_RUN_PEAK_H

#include "run_output.h"

// in_use_bytes: at the end, of all processes. *peak: the sum of the peaks, which the caller frees, or NULL if that of some process is
// unknown. Prints an error and returns false if the file cannot be written.
bool run_peak_take(const struct run_output *output, const struct run_directory *directory, int64_t in_use_bytes, struct profile **peak);

#endif
