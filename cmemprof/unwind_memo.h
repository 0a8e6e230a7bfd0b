// unwind_memo.h: the last walk of somebody, and how much of it still holds.
//
// A walk is a function of where it starts, of the words that it read, and of the unwind tables. Where these are the same so is the stack,
// exactly. So a walk keeps its steps (the registers at each frame) and its reads (address and word, in the order of the steps), and:
//
//   the whole    The start is the same, and all words read are still the same: it is the same stack. One comparison a word, about 1 ns a
//                frame instead of 5.
//   a suffix     A new walk comes to the very registers that a step of the old one had (a loop that allocates in different functions
//                under the same callers): if the words read from there on are the same, the rest of the stack is the old one's.
//
// RBP and RBX are registers that most frames only hand through. A step has not their values but where they are saved: a word of the stack,
// or still in the register that the walk started with. They are read only where a rule needs them, so that a value that changes without any
// meaning for the stack changes nothing here.
//
// Words are compared without asking whether they can still be read, so a memo is only used by a thread to whose own stack all remembered
// words belong, or which lie in Go's arenas: goroutines, and their stacks, also freed ones. Steps that depended on anything else (another
// stack, the absence of a rule, a read that failed) count as not remembered, and with them all before them.
//
// Steps lie in the middle of their arrays, so that a suffix stays where it is and another beginning is put before it.
// Threads: the owner's. Memory: in the memo, some 200 KiB of addresses, of which a stack of 24 frames touches 8 pages.
#ifndef CMEMPROF_UNWIND_MEMO_H
#define CMEMPROF_UNWIND_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "thread_state.h"

enum { UNWIND_MAX_FRAMES = 512 };

enum unwind_end {
    UNWIND_COMPLETE,    // down to the thread's or the goroutine's first function
    UNWIND_NO_RULE,     // code without call-frame information
    UNWIND_UNSUPPORTED, // a rule that cfi.h does not know
    UNWIND_UNREADABLE,  // the next frame is not in readable memory
    UNWIND_TOO_DEEP,    // more than UNWIND_MAX_FRAMES
    UNWIND_END_COUNT
};

enum {
    UNWIND_STEPS = 2 * UNWIND_MAX_FRAMES,
    UNWIND_FIRST_STEP = UNWIND_MAX_FRAMES,
    UNWIND_READS_A_STEP = 6, // at most
    UNWIND_FIRST_READ = 2 * UNWIND_MAX_FRAMES,
    UNWIND_READS = UNWIND_FIRST_READ + UNWIND_READS_A_STEP * UNWIND_MAX_FRAMES,
};
#define UNWIND_NEVER UINT32_MAX // as reusable_from: no step is remembered

// Where the caller's RBP or RBX is: the address of a word, or one of these. In a Go call: RBP is not to be trusted, and the two words at
// the stack pointer, which Go's asmcgocall put there, tell where the goroutine's frame is now.
enum { UNWIND_IN_REGISTER = 0, UNWIND_LOST = 1, UNWIND_IN_GO_CALL = 2 };

// Where a goroutine's stack ends, when nothing told.
#define UNWIND_NO_LIMIT UINTPTR_MAX

struct unwind_read {
    uintptr_t address, word;
};

// The registers at one frame; its pc is in pcs, which is pc_beyond further than the real one.
struct unwind_step {
    uintptr_t sp, rbp_at;
    uintptr_t rbx_at_or_high; // in C where RBX is; in Go where the goroutine's stack ends: no frame of it lies there or above
    uint32_t reads;           // index of the first read that leads from here to the caller
    uint16_t segment;         // number of changes between C and Go so far
    bool exact;               // pc is the next instruction itself and not a return address: a signal came between
    uint8_t pc_beyond;
};

// One walk. Indexes count from the start of the arrays.
struct unwind_trail {
    uint32_t steps_begin, steps_end, reads_end;
    uint32_t reusable_from; // steps from here on are remembered
    uint32_t rbp_until;     // the start's RBP decided steps before this one; 0: none
    uint32_t rbx_until;     // its RBX
    enum unwind_end end;
    uintptr_t rbp, rbx; // of the start
    bool rbx_known;
    uint64_t generation;
    uintptr_t stack_low, stack_high; // the thread's own stack
    uintptr_t pcs[UNWIND_STEPS];
    struct unwind_step steps[UNWIND_STEPS];
    struct unwind_read reads[UNWIND_READS];
};

// All that must be as it was for the whole of the last walk to hold, at one place.
struct unwind_repeat {
    uintptr_t pc, sp, rbp;
    bool any_rbp; // the start's RBP decided nothing
    uint64_t generation;
    uintptr_t stack_low, stack_high;
    const struct unwind_read *reads, *reads_end;
};

struct unwind_memo {
    uint32_t depth_frames;
    enum unwind_end end;
    const uintptr_t *pcs;        // depth_frames return addresses, innermost first
    struct unwind_repeat repeat; // sp 0: a walk that cannot be repeated
    uint32_t current;            // of trails; the other one is for the next walk
    struct unwind_trail trails[2];
};

static inline uintptr_t unwind_trail_pc(const struct unwind_trail *trail, uint32_t at) {
    return trail->pcs[at] - trail->steps[at].pc_beyond;
}

// The two walks began under the same conditions, and the old one's words can be looked at.
bool unwind_trail_is_usable(const struct unwind_trail *old, const struct unwind_trail *now);

// A remembered word may by now be anything in the frames of other functions, also what AddressSanitizer has declared untouchable.
#define UNWIND_UNCHECKED __attribute__((no_sanitize("address")))

UNWIND_UNCHECKED static inline uintptr_t unwind_read_change(const struct unwind_read *read) {
    return *(const uintptr_t *)read->address ^ read->word;
}

// The first read whose word has changed; end: none has.
UNWIND_UNCHECKED static inline const struct unwind_read *unwind_changed_read(const struct unwind_read *read,
                                                                             const struct unwind_read *end) {
    while (end - read >= 4 &&
           (unwind_read_change(read) | unwind_read_change(read + 1) | unwind_read_change(read + 2) | unwind_read_change(read + 3)) == 0) {
        read += 4;
    }
    while (read < end && unwind_read_change(read) == 0) {
        read++;
    }
    return read;
}

// The index of the first step from here on whose words have changed; steps_end: none has.
uint32_t unwind_trail_first_change(const struct unwind_trail *trail, uint32_t from);

// True if the last step of now is the step at of old in everything that decides what follows, except for the words.
bool unwind_trail_may_join(const struct unwind_trail *old, uint32_t at, const struct unwind_trail *now);

// The last step of now is the step at of old, and what follows there still holds: old becomes the whole walk. True: the same stack as
// before.
bool unwind_trail_join(struct unwind_trail *old, uint32_t at, const struct unwind_trail *now);

bool unwind_trail_same_stack(const struct unwind_trail *a, const struct unwind_trail *b);

#endif
