// filter.h: selects samples and their frames by --focus, --ignore, --hide, --show, --show_from, --tagfocus and --tagignore, like
// google/pprof.
//
// A frame matches if the expression (POSIX extended) is found in its function, its source file or the file of its mapping. A sample is
// selected if one of its frames matches focus and none matches ignore. Of its frames, those that match hide are dropped, those that do not
// match show, and the callers of the outermost match of show_from; a sample without remaining frames is not selected. KEY=REGEX is searched
// in the label's value, REGEX alone in "key:value"; of several expressions, separated by commas, one must match with KEY, all without.
// Numbers are matched as decimal digits. The frame of a label (profile_group_by) can be matched by focus and ignore, and is never dropped;
// it alone is no remaining frame.
//
// Threads: one. Memory: regcomp's.
#ifndef CMEMPROF_FILTER_H
#define CMEMPROF_FILTER_H

#include "../../merge/merge.h"

#include <regex.h>

enum filter_kind { FILTER_FOCUS, FILTER_IGNORE, FILTER_HIDE, FILTER_SHOW, FILTER_SHOW_FROM, FILTER_FRAME_KINDS };
enum { FILTER_MAX_TAGS = 16 };

struct filter_tags {
    char *key; // NULL: any
    regex_t values[FILTER_MAX_TAGS];
    size_t count; // 0: no condition
};
struct filter {
    unsigned has; // bits of enum filter_kind
    regex_t frames[FILTER_FRAME_KINDS];
    struct filter_tags tag_focus, tag_ignore;
};

// Compiles --NAME EXPRESSION. Returns 0, or the exit status after an error message.
int filter_compile(const char *command, struct filter *filter, enum filter_kind kind, const char *expression);
// The same for --tagfocus or --tagignore. tags: filter->tag_focus or filter->tag_ignore.
int filter_compile_tags(const char *command, struct filter_tags *tags, const char *name, const char *expression);
void filter_free(struct filter *filter);
bool filter_is_empty(const struct filter *filter);
// Returns the expressions that the frame matches, as bits of enum filter_kind.
unsigned filter_frame(const struct filter *filter, const struct profile_frame *frame);
// bits: filter_frame of each of the sample's frames. kept: set to the indexes of the *count remaining frames, leaf first. Returns false if
// the sample is not selected. filter NULL: selects all.
bool filter_choose(const struct filter *filter, const struct profile_sample_view *sample, const unsigned *bits, uint32_t *kept,
                   size_t *count);

#endif
