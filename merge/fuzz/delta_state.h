// delta_state.h: the size of a delta's state, apart from delta_fuzz.c, since content.h and decode.h both name their structs span and
// header.
#ifndef CMEMPROF_MERGE_FUZZ_DELTA_STATE_H
#define CMEMPROF_MERGE_FUZZ_DELTA_STATE_H

#include "../merge.h"

size_t delta_state_samples(const struct delta *delta); // stacks that the delta remembers

#endif
