// peak.h (tables): the live stacks at the peak of live C memory and at the peak of RSS since sampling was last started.
//
// Whoever calls once a second looks (peak_look), and each snapshot does. A new highest value is copied if it is a 32nd above the last
// copy's, or above it at all and that copy is 10 s old; a snapshot's always. To look is to read RSS and all live samples, so the next look
// comes no sooner than after 200 times what the last one took. What rises and falls between two looks is not seen.
//
// A copy has the stacks' addresses: the table may evict the stacks, and their code may be unloaded, which its generation (modules.h) tells.
// Sets of labels stay while a copy refers to them. It has the stacks with the most live bytes in PEAK_MAX_BYTES (1,000 of 24 frames); the
// others are one sum.
//
// Threads: outside malloc only; each function but peak_look needs the reclaiming lock. Memory: mapped, charged to the budget. If there is
// none, the former peak stays.
#ifndef CMEMPROF_PEAK_H
#define CMEMPROF_PEAK_H

#include "namespace.h"
#include "profiler.h"

enum { PEAK_MAX_BYTES = 256 * 1024, PEAK_STEP = 32, PEAK_PAUSE_S = 10, PEAK_LOOK_SHARE = 200 };

// Not on a thread of the program. Waits for no lock.
void peak_look(struct profiler *self);
// Live bytes were just summed into the entries of all stacks (reclaim_sum_live), and are this many.
void peak_of_snapshot(struct profiler *self, double live_bytes);

void peak_visit(const struct peak *peak, void (*visit)(const struct stack *stack, void *context), void *context);
// Copies *from to *to, which has memory of its own, not charged to the budget. Returns false if memory runs out.
bool peak_copy(const struct peak *from, struct peak *to);

void peak_forget(struct profiler *self);     // and its memory
void peak_after_fork(struct profiler *self); // the child's begins anew

#endif
