// unwind_walk.h (unwind): one walk, for unwind.c and unwind_interrupted.c only: from the start registers, frame by frame, to
// the end of the stack or to where a recorded walk is still valid.
//
// Threads: any, also inside malloc and in signal handlers. No lock, no allocation.
#ifndef CMEMPROF_UNWIND_WALK_H
#define CMEMPROF_UNWIND_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"
#include "unwind.h"

// What is needed to find the caller of a frame. Other callee-saved registers are irrelevant here.
struct unwind_frame {
    uintptr_t after; // one past the address whose row applies: the return address, or the next instruction + 1
    uintptr_t sp;
    uintptr_t fp_at;          // where the value is, see unwind_memo.h
    uintptr_t aux_at_or_high; // C: where AUX is. Go: the end of the goroutine's stack, which all its frames are below
    bool exact;               // after is not a return address
};

struct unwind_walk {
    struct unwinder *unwinder;
    uintptr_t stack_low, stack_bytes; // the thread's own stack
    uintptr_t go_start, go_bytes;
    uintptr_t go_call_start, go_call_bytes;
    uintptr_t go_panic_start, go_panic_bytes;
    uintptr_t go_page;     // known to be Go's; UINTPTR_MAX: none yet
    uintptr_t probed_page; // known to be mapped during this walk; UINTPTR_MAX: none yet (pages near 0 are never mapped)
    struct unwind_trail *trail;
    struct unwind_step *step; // the last one
    struct unwind_read *read; // the next one
    const struct unwind_trail *old;
    uint32_t old_at; // first step of old that the walk may still reach, with unchanged words from there on; old->steps_end: none
    bool wants_aux;  // the walk failed because the start's AUX is unknown
    enum unwind_end end;
};

// A walk that begins at start and joins no other one. trail is for recording.
struct unwind_walk unwind_walk_prepare(struct unwinder *unwinder, struct thread_state *thread, const struct unwind_start *start,
                                       struct unwind_trail *trail);

// From a C frame to its caller, without recording it. Returns false at the end of the stack. Set walk->read anew before each step.
bool unwind_walk_step_c(struct unwind_walk *walk, struct unwind_frame *now);

// Walks from frame to the end of the stack, whose kind is in walk->end. Returns true if the rest of the walk is the old trail from old_at
// on.
bool unwind_walk_follow(struct unwind_walk *walk, struct unwind_frame frame);

// Walks without recording to the frame of caller and makes it the start. Returns false if it is not reached.
bool unwind_walk_find_caller(struct unwind_walk *walk, struct unwind_start *start, uintptr_t caller);

// For unwind_find_go_call: walks without recording to Go code, and compares the two ways to that frame. Returns 0 if it is not reached or
// they differ.
uintptr_t unwind_walk_find_go_call(struct unwind_walk *walk, const struct unwind_start *start, uintptr_t *goroutine);

// The index of the next step.
static inline uint32_t unwind_walk_next_step(const struct unwind_walk *walk) {
    return (uint32_t)(walk->step + 1 - walk->trail->steps);
}

#endif
