// repair.h: makes most mutated profiles valid again, so that the code after the failed check is reached, too.
// Threads: one. Memory: that of message.h.
#ifndef CMEMPROF_MERGE_FUZZ_REPAIR_H
#define CMEMPROF_MERGE_FUZZ_REPAIR_H

#include "message.h"

// Ensures: string 0 is empty; indices, ids and references exist; ids are unique; samples have a value per type; there is one time.
void repair_profile(struct node *root);

#endif
