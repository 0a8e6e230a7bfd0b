// filter.h: which samples count: --focus and --ignore.
//
// A frame matches where the expression is found in its function, its source file or the file of its mapping, as in google/pprof. A sample
// counts if a frame of it matches the focus and none matches what is to be ignored. POSIX extended regular expressions.
// Threads: one. Memory: that of regcomp.
#ifndef CMEMPROF_FILTER_H
#define CMEMPROF_FILTER_H

#include "../merge/merge.h"

#include <regex.h>

enum filter_match { FILTER_FOCUS = 1, FILTER_IGNORE = 2 };

struct filter {
    bool has_focus, has_ignore;
    regex_t focus, ignore;
};

// --NAME EXPRESSION, for which the bit `match` stands. Returns 0, or the exit status, and the reason is said.
int filter_compile(const char *command, struct filter *filter, enum filter_match match, const char *expression);
void filter_free(struct filter *filter);
// The bits of enum filter_match of one frame.
unsigned filter_frame(const struct filter *filter, const struct profile_frame *frame);
// Whether a sample counts whose frames have these bits among them.
bool filter_sample(const struct filter *filter, unsigned matches);

#endif
