// analysis_age.h: how much of C's memory at a site is old: what a leak leaves stays, what a load uses is freed and allocated anew.
//
// memory.pprof says of live C memory how old it is (label "age", docs/memory.md). Shares of it, applied to what the heap profile says is in
// use, tell how much of what was in use some time ago still is. A block that realloc has resized counts as new, so a site whose blocks grow
// in size rather than in number proves nothing.
//
// Threads: as struct stacks. Memory: malloc while it runs.
#ifndef CMEMPROF_RECEIVER_ANALYSIS_AGE_H
#define CMEMPROF_RECEIVER_ANALYSIS_AGE_H

#include "analysis_finding.h"
#include "analysis_stacks.h"

#define AGE_LABEL "age" // for stacks_read

struct ages {
    struct stacks parts;   // of the newest memory.pprof, read with AGE_LABEL; without profiles nothing can be told
    struct stacks objects; // counts of objects in use, of two heap profiles; without them sizes are unknown
};

// What is still in use of what was in use `ago_s` before the last profile.
struct kept {
    double ago_s; // 0: cannot be told
    double then_bytes, still_bytes;
    enum { SIZES_UNKNOWN, SIZES_STAY, SIZES_GROW } sizes; // of the blocks
};

// sites: of `stacks`, C's. `all` is the answer for C memory as a whole. Returns false without memory.
bool age_kept(const struct ages *ages, const struct stacks *stacks, const struct stack_site *const *sites, size_t count,
              struct kept *of_site, struct kept *all);
// Whether so little is left that memory is freed and allocated anew rather than leaked.
bool age_turns_over(const struct kept *kept);
// Appends a sentence, if there is something to say and room for it.
void age_evidence(const struct kept *kept, char *text, size_t size);

#endif
