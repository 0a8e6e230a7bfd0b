// repair.h: makes most profiles that a mutation has broken good again, so that what comes after the check that failed is reached, too.
// Threads: one. Memory: that of message.h.
#ifndef CMEMPROF_MERGE_FUZZ_REPAIR_H
#define CMEMPROF_MERGE_FUZZ_REPAIR_H

#include "message.h"

// String 0 is empty; indices, ids and references exist; ids are different; samples have a value for each type; there is one time.
void repair_profile(struct node *root);

#endif
