// owners.h: C memory by the function of the program that owns it, by library, with what was opened and what was closed.
//
// The owner is the stack's site (site.h): in Go, the innermost function of the program's own packages. Of C without such a caller it is the
// innermost function of the program outside of what opens something. The library is what the owner called: the shared library, or for C
// code in the program itself the Go package that calls it. What opens is the outermost function between owner and allocation that
// owner_pairs.h knows.
//
// A heap profile counts blocks, not handles: a statement of SQLite is many blocks, some of which are freed before it is closed. Of each
// row: blocks in use, blocks allocated, and, if the profile counts from the program's start, their difference, which were freed. It does
// not if it has a duration, its comments tell of several profiles (measures.h), or a figure is negative. All are estimates from samples,
// with two standard errors (sampling_error.h).
//
// Threads: one. Memory: malloc, about 600 bytes a row; points into the profile, which must outlive it.
#ifndef CMEMPROF_RECEIVER_OWNERS_H
#define CMEMPROF_RECEIVER_OWNERS_H

#include "../../merge/intern.h"
#include "../../merge/merge.h"
#include "../base/json.h"
#include "owner_pairs.h"
#include "site.h"
#include "view.h"

enum { OWNERS_MAX_ROWS = 20000, OWNERS_MEMO = 512 };

// Amounts of blocks. errors: two standard errors; of 0 blocks, where others of the row were sampled, how many there may be all the same.
struct owner_sum {
    int64_t bytes, blocks;
    double variance, variance_bytes, unseen, unseen_bytes;
};
double owner_sum_error(const struct owner_sum *sum); // of the blocks
double owner_sum_error_bytes(const struct owner_sum *sum);

struct owner_row {
    struct profile_frame owner; // its line is that of the first sample
    char library[VIEW_LIBRARY_BYTES];
    struct owner_pair pair;                   // opens "": none is known
    struct owner_sum live, allocated, closed; // closed: allocated and not live, if is_from_start
};
// Whether a function opens something, by its address.
struct owner_memo {
    const char *function;
    bool opens;
};
struct owners {
    const struct owner_pairs *pairs;
    int live[2], allocated[2]; // indexes of the sample types of blocks and bytes; -1: absent
    int64_t period;
    bool is_from_start; // the profile counts from the program's start
    struct owner_row *rows, total;
    size_t count, capacity;
    struct intern ids; // row + 1
    uint64_t seed;
    struct site_memo sites;
    struct owner_memo memo[OWNERS_MEMO];
};

// Whether what was made of an attachment's uploads is one profile, which begins with the program: not several, and no delta.
bool owners_is_single(const struct sweep_report *made, const char *attachment);
// pairs NULL: the built-in ones. is_single: one profile, not a merge of several. Call owners_free in any case.
void owners_start(struct owners *owners, const struct profile *profile, const struct owner_pairs *pairs, bool is_single);
void owners_free(struct owners *owners);
// Samples of other memory than C's are left out. frames may be fewer than the sample's. MERGE_TOO_LARGE: more than OWNERS_MAX_ROWS rows.
enum merge_error owners_add(struct owners *owners, const struct profile_sample_view *sample);
// All samples of the profile that the filter chooses (NULL: all), and owners_sort.
enum merge_error owners_add_all(struct owners *owners, struct profile *profile, const struct view_filter *filter);
// Largest in use first, then by what was allocated; settles is_from_start and errors. Must be the last.
void owners_sort(struct owners *owners);
// Writes the members from "is_from_start" on into an open object; at most so many rows.
void owners_write(const struct owners *owners, size_t most, struct json *json);

#endif
