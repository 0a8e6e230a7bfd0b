// site.h: picks the most telling frame of a stack. Threads: any; a memo belongs to one. Memory: none.
#ifndef CMEMPROF_RECEIVER_SITE_H
#define CMEMPROF_RECEIVER_SITE_H

#include "view.h"

// Memo of functions: a profile has few functions, each in very many stacks. Zero-initialised. Belongs to one profile, since it compares
// functions by address.
enum { SITE_MEMO_FRAMES = 512 };
struct site_frame {
    const char *function, *file, *mapping_file;
    enum frame_role role;
    bool managed; // of a garbage-collected language
};
struct site_memo {
    struct site_frame frames[SITE_MEMO_FRAMES];
};

// The site: the frame of the program's own code that led there. In order: the innermost of the program's (profile_frame_role) in Go,
// Python, Node or Java; of a library in these; of the language's own; else the leaf. Never NULL: a stack without frames gives a frame named
// "". memo may be NULL.
const struct profile_frame *site_of_stack(const struct profile_sample_view *sample, struct site_memo *memo);
// The innermost frame of the program (profile_frame_role: no allocator, no cgo glue, nothing of std::), a C frame if there is C at the leaf
// end; else of a library; else of the standard library.
const struct profile_frame *site_leaf(const struct profile_sample_view *sample);

#endif
