// unwind_record.h (unwind): what a walk reads, and the steps that it records: the inlined part of unwind_walk.c, which alone includes it.
//
// Threads: any, also inside malloc and in signal handlers. No lock, no allocation.
#ifndef CMEMPROF_UNWIND_RECORD_H
#define CMEMPROF_UNWIND_RECORD_H

#include <stddef.h>
#include <string.h>

#include "unwind_walk.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define INLINE static inline __attribute__((always_inline))
#define SLOW static __attribute__((noinline))

INLINE bool in_go(const struct unwind_walk *walk, uintptr_t pc) {
    return pc - walk->go_start < walk->go_bytes;
}

// No program has such an address, and python_names.h has words of its own there. It is found where a stack is not what it seems to be:
// below a greenlet, whose callers have gone on since.
INLINE bool is_no_address(uintptr_t after) {
    return (intptr_t)after < 0;
}

// ---- Words ----

// The steps so far cannot be compared the next time.
static void forget_steps(struct unwind_walk *walk) {
    if (walk->trail->reusable_from != UNWIND_NEVER) {
        walk->trail->reusable_from = unwind_walk_next_step(walk);
    }
}

SLOW bool can_read_elsewhere(struct unwind_walk *walk, uintptr_t address) {
    uintptr_t page = stack_memory_page(address);
    if (walk->go_bytes != 0 && stack_memory_is_go(&walk->unwinder->memory, page)) {
        walk->go_page = page;
        return true;
    }
    if (page != walk->probed_page && !stack_memory_is_mapped(page)) {
        return false;
    }
    walk->probed_page = page;
    forget_steps(walk);
    return true;
}

INLINE bool can_read(struct unwind_walk *walk, uintptr_t address) {
    return (address & 7) == 0 && (LIKELY(stack_memory_is_own(walk->stack_low, walk->stack_bytes, address)) ||
                                  stack_memory_page(address) == walk->go_page || can_read_elsewhere(walk, address));
}

INLINE void remember_read(struct unwind_walk *walk, uintptr_t address, uintptr_t word) {
    *walk->read++ = (struct unwind_read){address, word};
}

INLINE bool read_word(struct unwind_walk *walk, uintptr_t address, uintptr_t *word) {
    if (!can_read(walk, address)) {
        return false;
    }
    *word = *(const uintptr_t *)address;
    remember_read(walk, address, *word);
    return true;
}

INLINE bool read_fp(struct unwind_walk *walk, const struct unwind_frame *now, uintptr_t *value) {
    if (now->fp_at == UNWIND_IN_REGISTER) {
        walk->trail->fp_until = unwind_walk_next_step(walk);
        *value = walk->trail->fp;
        return true;
    }
    return now->fp_at != UNWIND_LOST && read_word(walk, now->fp_at, value);
}

static bool read_aux(struct unwind_walk *walk, const struct unwind_frame *now, uintptr_t *value) {
    if (now->aux_at_or_high == UNWIND_IN_REGISTER) {
        walk->trail->aux_until = unwind_walk_next_step(walk);
        walk->wants_aux = !walk->trail->aux_known;
        *value = walk->trail->aux;
        return walk->trail->aux_known;
    }
    return now->aux_at_or_high != UNWIND_LOST && read_word(walk, now->aux_at_or_high, value);
}

// ---- Steps ----

// Member by member, without a union: a struct copy goes through memory in small stores, and a large load that follows stalls on them, 10 ns
// a frame. The small members are one store.
INLINE void put_step(struct unwind_step *step, const struct unwind_frame *now, uint32_t reads, unsigned segment) {
    step->sp = now->sp;
    step->fp_at = now->fp_at;
    step->aux_at_or_high = now->aux_at_or_high;
    uint64_t small = reads | (uint64_t)(uint16_t)segment << 32 | (now->exact ? UINT64_C(0x0101) << 48 : 0); // exact and pc_beyond
    _Static_assert(offsetof(struct unwind_step, segment) == offsetof(struct unwind_step, reads) + 4 &&
                       offsetof(struct unwind_step, exact) == offsetof(struct unwind_step, reads) + 6 &&
                       offsetof(struct unwind_step, pc_beyond) == offsetof(struct unwind_step, reads) + 7,
                   "both machines are little-endian");
    memcpy(&step->reads, &small, sizeof small);
}

// Returns false if the trail is full.
INLINE bool record(struct unwind_walk *walk, const struct unwind_frame *now, unsigned segment) {
    struct unwind_trail *trail = walk->trail;
    struct unwind_step *step = walk->step + 1;
    if (step == &trail->steps[UNWIND_FIRST_STEP + UNWIND_MAX_FRAMES]) {
        return false;
    }
    trail->pcs[step - trail->steps] = now->after;
    put_step(step, now, (uint32_t)(walk->read - trail->reads), segment);
    walk->step = step;
    return true;
}

// The last step's return address is the first byte of a function. It is recorded one byte further, or it would be symbolized as the code
// before.
static void name_first_byte(struct unwind_walk *walk) {
    if (walk->step->pc_beyond == 0) {
        walk->trail->pcs[walk->step - walk->trail->steps]++;
        walk->step->pc_beyond = 1;
    }
}

#endif
