// analysis_site.h: which frames of a stack say most about it to the one who reads a finding.
// Threads: any; a memo belongs to one. Memory: none.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_SITE_H
#define CMEMPROF_RECEIVER_ANALYSIS_SITE_H

#include "../views/view.h"

// What is known of functions: a profile has few, and each is in very many stacks. Zero-initialised; of one profile, which keeps equal
// strings once.
enum { SITE_MEMO_FRAMES = 512 };
struct site_frame {
    const char *function, *file, *mapping_file;
    enum frame_role role;
    bool managed, main; // managed: of a language that a collector looks after; main: of Go's package main
};
struct site_memo {
    struct site_frame frames[SITE_MEMO_FRAMES];
};

// The frame of the program's own code that led there: the innermost one of Go's package main, else of Go, Python or Node the innermost of
// the program, else of a library, else of the language's own; without any of these the leaf. Never NULL; without frames one with the name
// "". memo may be NULL.
const struct profile_frame *analysis_site(const struct profile_sample_view *sample, struct site_memo *memo);
// The innermost frame of the program (profile_frame_role: no allocator, no glue of cgo, nothing of std::), of C if there is C on top of
// the stack, else of a library, else of the standard library.
const struct profile_frame *analysis_leaf(const struct profile_sample_view *sample);

#endif
