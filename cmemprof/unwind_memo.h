// unwind_memo.h (unwind): the last walk, and how much of it is still valid.
//
// A walk is a function of its start, of the words it read and of the unwind tables; if these are unchanged, so is the stack. So a walk
// records its steps (the registers at each frame) and its reads (address and word, in step order), and reuses:
//
//   the whole    Same start, all words unchanged: the same stack. One comparison per word, about 1 ns a frame instead of 5.
//   a suffix     The words read from some step on are unchanged, to the end. If a new walk reaches the registers of such a step (a loop
//   that
//                allocates in different functions under the same callers), the rest of the stack is the recorded one.
//
// Most frames only pass FP and AUX (machine.h) through. A step therefore records where their values are, not the values: a word of the
// stack, or still the start's register. They are read only where a rule needs them, so an irrelevant change of a value invalidates nothing.
//
// Words are compared without a check that they are still readable. So a memo is used only by a thread whose own stack contains all recorded
// words, or if they are in Go's arenas, which stay readable even when freed. Steps that depended on anything else (another stack, a missing
// rule, a failed read) are not reusable, nor are the steps before them.
//
// Steps are stored in the middle of their arrays, so that a suffix stays in place while another beginning is put before it.
//
// Threads: the owner's. Memory: the memo, some 200 KiB of addresses, of which a stack of 24 frames touches 8 pages.
#ifndef CMEMPROF_UNWIND_MEMO_H
#define CMEMPROF_UNWIND_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "thread_state.h"

enum { UNWIND_MAX_FRAMES = 512 };

enum unwind_end {
    UNWIND_COMPLETE,    // down to the first function of the thread or goroutine
    UNWIND_NO_RULE,     // code without call-frame information
    UNWIND_UNSUPPORTED, // a rule that cfi.h cannot represent
    UNWIND_UNREADABLE,  // the next frame is not readable
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
#define UNWIND_NEVER UINT32_MAX // for reusable_from: no step is reusable

// Where the caller's FP or AUX is: the address of a word, or one of these. IN_GO_CALL: FP is unreliable, and the two words at the stack
// pointer, saved by Go's asmcgocall, locate the goroutine's frame. IS_SP: FP has the value of the stack pointer.
enum { UNWIND_IN_REGISTER = 0, UNWIND_LOST = 1, UNWIND_IN_GO_CALL = 2, UNWIND_IS_SP = 3 };

// The end of a goroutine's stack if unknown.
#define UNWIND_NO_LIMIT UINTPTR_MAX

struct unwind_read {
    uintptr_t address, word;
};

// The registers at one frame. Its pc is in pcs, which is pc_beyond greater than the real one.
struct unwind_step {
    uintptr_t sp, fp_at;
    uintptr_t aux_at_or_high; // C: where AUX is. Go: the end of the goroutine's stack, which all its frames are below
    // Written as one word.
    uint32_t reads;   // index of the first read for the step to the caller
    uint16_t segment; // number of switches between C and Go so far
    bool exact;       // pc is the next instruction, not a return address: a signal came between
    uint8_t pc_beyond;
};

// One walk. Indexes are from the start of the arrays.
struct unwind_trail {
    uint32_t steps_begin, steps_end, reads_end;
    uint32_t reusable_from; // steps from here on are reusable
    uint32_t fp_until;      // steps before this one depend on the start's FP; 0: none
    uint32_t aux_until;     // the same for AUX
    enum unwind_end end;
    uintptr_t fp, aux; // of the start
    bool aux_known;
    uint64_t generation;
    uintptr_t stack_low, stack_high; // the thread's own stack
    uintptr_t pcs[UNWIND_STEPS];
    struct unwind_step steps[UNWIND_STEPS];
    struct unwind_read reads[UNWIND_READS];
};

// What must be unchanged for the whole last walk to be reused, in one place.
struct unwind_repeat {
    uintptr_t pc, sp, fp;
    bool any_fp; // no step depends on the start's FP
    uint64_t generation;
    uintptr_t stack_low, stack_high;
    const struct unwind_read *reads, *reads_end;
};

struct unwind_memo {
    uint32_t depth_frames;
    enum unwind_end end;
    const uintptr_t *pcs;        // depth_frames return addresses, leaf first
    struct unwind_repeat repeat; // sp 0: not repeatable
    uint32_t current;            // index in trails; the other one is for the next walk
    struct unwind_trail trails[2];
};

static inline uintptr_t unwind_trail_pc(const struct unwind_trail *trail, uint32_t at) {
    return trail->pcs[at] - trail->steps[at].pc_beyond;
}

// Returns true if both walks began under the same conditions and the old one's words can be read.
bool unwind_trail_is_usable(const struct unwind_trail *old, const struct unwind_trail *now);

// A recorded word may by now be anything in other functions' frames, including AddressSanitizer's red zones.
#define UNWIND_UNCHECKED __attribute__((no_sanitize("address")))

UNWIND_UNCHECKED static inline uintptr_t unwind_read_change(const struct unwind_read *read) {
    return *(const uintptr_t *)read->address ^ read->word;
}

// The first read whose word has changed; end if none has.
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

// The first reusable step from which on all words are unchanged; steps_end if there is none. Its cost is that of the unchanged words.
uint32_t unwind_trail_unchanged_from(const struct unwind_trail *trail);

// Returns true if the last step of now equals step `at` of old in everything that decides what follows, except the words.
bool unwind_trail_may_join(const struct unwind_trail *old, uint32_t at, const struct unwind_trail *now);

// Joins now with old at step `at`, whose following words are unchanged: old becomes the whole walk. Returns true if the stack is the same
// as before.
bool unwind_trail_join(struct unwind_trail *old, uint32_t at, const struct unwind_trail *now);

// The same the other way: now becomes the whole walk, and old stays as it is. Less to copy if the rest of old is short.
void unwind_trail_append(struct unwind_trail *now, const struct unwind_trail *old, uint32_t at);

bool unwind_trail_same_stack(const struct unwind_trail *a, const struct unwind_trail *b);

#endif
