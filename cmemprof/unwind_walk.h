// unwind_walk.h: one walk, for unwind_amd64.c only: from the registers at the beginning, frame by frame, to the end of the stack or to
// where an older walk holds.
//
// Threads: any, also inside malloc and in a signal handler. No lock, no allocation.
#ifndef CMEMPROF_UNWIND_WALK_H
#define CMEMPROF_UNWIND_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"
#include "unwind.h"

// What a frame needs to find its caller. Everything else that a C function preserves is of no use here.
struct unwind_frame {
    uintptr_t after; // one byte after the byte that the row is looked up for: the return address, or the next instruction + 1
    uintptr_t sp;
    uintptr_t rbp_at;         // where the values are, see unwind_memo.h
    uintptr_t rbx_at_or_high; // in C where RBX is; in Go where the goroutine's stack ends: no frame of it lies there or above
    bool exact;               // after is not a return address
};

struct unwind_walk {
    struct unwinder *unwinder;
    uintptr_t stack_low, stack_bytes; // the thread's own stack
    uintptr_t go_start, go_bytes;
    uintptr_t go_call_start, go_call_bytes;
    uintptr_t go_panic_start, go_panic_bytes;
    uintptr_t go_page;     // known to be Go's; UINTPTR_MAX: none yet
    uintptr_t probed_page; // known to be mapped during this walk; UINTPTR_MAX: none yet, as the pages near 0 are not
    struct unwind_trail *trail;
    struct unwind_step *step; // the last one
    struct unwind_read *read; // the next one
    const struct unwind_trail *old;
    uint32_t old_at; // the first step of old that this walk may still meet; old->steps_end: none
    bool wants_rbx;  // the walk failed because it does not know the start's RBX
    enum unwind_end end;
};

// Steps from frame on until the stack ends, whose kind walk->end says. True: from old_at on the old trail is the rest of this walk.
bool unwind_walk_follow(struct unwind_walk *walk, struct unwind_frame frame);

// Walks without recording until the frame of caller, and makes it the start. False: not reached.
bool unwind_walk_find_caller(struct unwind_walk *walk, struct unwind_start *start, uintptr_t caller);

// For unwind_find_go_call: walks without recording until Go's code, and compares the two ways to the frame there. 0: not reached, or they
// differ.
uintptr_t unwind_walk_find_go_call(struct unwind_walk *walk, const struct unwind_start *start);

// The index that the next step would have.
static inline uint32_t unwind_walk_next_step(const struct unwind_walk *walk) {
    return (uint32_t)(walk->step + 1 - walk->trail->steps);
}

#endif
