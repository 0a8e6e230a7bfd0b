// unwind_interrupted.h (unwind): the C frames of a thread that a signal interrupted, down to the call from Go or to the thread's first
// function. Go's own unwinder has the frames below.
//
// Nothing is recorded for the next walk (unwind_memo.h): a signal comes too seldom to find the last one's memory in the cache.
//
// Threads: signal handlers of any. No lock, no allocation; 2 KiB of stack at most.
#ifndef CMEMPROF_UNWIND_INTERRUPTED_H
#define CMEMPROF_UNWIND_INTERRUPTED_H

#include <stdint.h>

#include "namespace.h"
#include "unwind.h"

// A stack deeper than this is not followed to its root: 5 ns a frame.
enum { UNWIND_INTERRUPTED_MAX_FRAMES = 2048 };

struct unwind_interrupted {
    uint32_t depth_frames; // in pcs
    uint32_t leaf_frames;  // of these before the gap; depth_frames: there is no gap
    uint32_t left_out;     // frames in the gap, at least
    enum unwind_end end;   // UNWIND_TOO_DEEP: the root part is not known, so there is none
};

// Fills pcs with the addresses of the calls, and first that of the interrupted instruction itself, leaf first. If there are more than
// capacity (at least 2) frames, one entry less is filled: with the leaf part and, behind it, the root part of the stack. After a call
// through a NULL pointer the first address is the call's. context is a
// signal handler's ucontext_t. scratch is the caller's while this runs, with any contents. No frames: Go code was interrupted.
void unwind_interrupted(struct unwinder *unwinder, struct thread_state *thread, const void *context, struct unwind_trail *scratch,
                        uintptr_t *pcs, uint32_t capacity, struct unwind_interrupted *result);

// C and Go frames of it, as unwind_stack gives them: *pcs is in scratch, at most UNWIND_MAX_FRAMES. Returns their number.
uint32_t unwind_interrupted_whole(struct unwinder *unwinder, struct thread_state *thread, const void *context, struct unwind_trail *scratch,
                                  uintptr_t **pcs, enum unwind_end *end);

// The address of the interrupted instruction.
uintptr_t unwind_interrupted_pc(const void *context);

#endif
