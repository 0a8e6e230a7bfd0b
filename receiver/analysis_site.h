// analysis_site.h: which frames of a stack say most about it to the one who reads a finding.
// Threads: any. Memory: none.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_SITE_H
#define CMEMPROF_RECEIVER_ANALYSIS_SITE_H

#include "view.h"

// The frame of the program's own code that led there: the innermost one of Go's package main, else the innermost of Go, Python or Node that
// is of no library of theirs, else the innermost that is no allocator. Never NULL; without frames one with the name "".
const struct profile_frame *analysis_site(const struct profile_sample_view *sample);
// The innermost frame that is no allocator function and no glue of cgo.
const struct profile_frame *analysis_leaf(const struct profile_sample_view *sample);

#endif
