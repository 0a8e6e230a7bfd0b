// filter.h: which samples count, and which of their frames: --focus, --ignore, --hide, --show, --show_from, --tagfocus, --tagignore, as
// google/pprof has them.
//
// A frame matches where the expression is found in its function, its source file or the file of its mapping. A sample counts if a frame of
// it matches the focus and none matches what is to be ignored. Then the frames to be hidden are left out, and all but those to be shown,
// and those beyond the outermost one to be shown from; a sample of which nothing is left does not count. A label matches KEY=REGEX with its
// value; REGEX alone is found in "key:value", and of several with commas each must be found. Numbers are taken as decimal digits. POSIX
// extended regular expressions.
// Threads: one. Memory: that of regcomp.
#ifndef CMEMPROF_FILTER_H
#define CMEMPROF_FILTER_H

#include "../../merge/merge.h"

#include <regex.h>

enum filter_kind { FILTER_FOCUS, FILTER_IGNORE, FILTER_HIDE, FILTER_SHOW, FILTER_SHOW_FROM, FILTER_FRAME_KINDS };
enum { FILTER_MAX_TAGS = 16 };

struct filter_tags {
    char *key; // NULL: any
    regex_t values[FILTER_MAX_TAGS];
    size_t count; // 0: none is asked for
};
struct filter {
    unsigned has; // bits of enum filter_kind
    regex_t frames[FILTER_FRAME_KINDS];
    struct filter_tags tag_focus, tag_ignore;
};

// --NAME EXPRESSION. Returns 0, or the exit status, and the reason is said.
int filter_compile(const char *command, struct filter *filter, enum filter_kind kind, const char *expression);
// --tagfocus or --tagignore, into filter->tag_focus or tag_ignore.
int filter_compile_tags(const char *command, struct filter_tags *tags, const char *name, const char *expression);
void filter_free(struct filter *filter);
bool filter_is_empty(const struct filter *filter);
// Of one frame: bits of enum filter_kind.
unsigned filter_frame(const struct filter *filter, const struct profile_frame *frame);
// Puts the places of those that count of a sample's frames, whose bits these are, into kept, leaf first, and their number into *count.
// False: the sample does not count. filter NULL: all do.
bool filter_choose(const struct filter *filter, const struct profile_sample_view *sample, const unsigned *bits, uint32_t *kept,
                   size_t *count);

#endif
