// named_sums.h: values by name, of which a line prints the largest.
//
// Threads: one. Memory: the struct, some 300 KB: not for a stack.
#ifndef CMEMPROF_RUN_NAMED_SUMS_H
#define CMEMPROF_RUN_NAMED_SUMS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "../../merge/merge.h"
#include "../base/text.h"

enum { NAMED_SUMS = 256, NAMED_SUMS_NAME_BYTES = 2 * TEXT_NAME_BYTES + 2 };

struct named_sums { // zero-initialize
    struct named_sum {
        char name[NAMED_SUMS_NAME_BYTES];
        int64_t value;
    } items[NAMED_SUMS];
    size_t count;
};

// Names found after NAMED_SUMS others are not kept.
void named_sums_add(struct named_sums *sums, const char *name, int64_t value);
// Prints ": 3.00 MB one, 2.00 MB another", the largest `shown`; nothing if there are none. Sorts them.
void named_sums_print(struct named_sums *sums, size_t shown, const char *unit, FILE *file);

// The same of a profile's samples, by their innermost frames: where the program allocated, or computed. type: an index of a sample type.
void named_sums_print_leaves(struct profile *profile, int type, size_t shown, const char *unit, FILE *file);

#endif
