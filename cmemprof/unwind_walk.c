// unwind_walk.c (unwind): the step from a frame to its caller, in C and in Go.

#include "unwind_walk.h"

#include "code_bytes.h"
#include "unwind_record.h"

// Above the return address of a signal handler (__restore_rt, which nobody called) are the interrupted registers.
static bool step_signal(struct unwind_walk *walk, struct unwind_frame *now) {
    struct unwind_frame next = {.exact = true, .fp_at = now->sp + MACHINE_SIGNAL_FP, .aux_at_or_high = now->sp + MACHINE_SIGNAL_AUX};
    walk->end = UNWIND_UNREADABLE;
    if (!read_word(walk, now->sp + MACHINE_SIGNAL_PC, &next.after) || !read_word(walk, now->sp + MACHINE_SIGNAL_SP, &next.sp)) {
        return false;
    }
    name_first_byte(walk);
    *now = next;
    now->after++;
    return true;
}

static uintptr_t saved_at(enum cfi_how how, uintptr_t offset, uintptr_t cfa, uintptr_t fp, uintptr_t before) {
    switch (how) {
    case CFI_SAME:
        return before;
    case CFI_AT_CFA:
        return cfa + offset;
    case CFI_AT_FP:
        return fp + offset;
    default:
        return UNWIND_LOST;
    }
}

// The return address of a frame whose saved AUX is there, and whose caller's stack pointer is next->sp. On arm64 it may still be in X30: of
// a function that was interrupted before it saved it, or that never does.
static bool read_return_address(struct unwind_walk *walk, const struct unwind_frame *now, const struct cfi_row *row, uintptr_t aux_at,
                                struct unwind_frame *next) {
    bool in_register = MACHINE_RETURN_IN_AUX && row->aux == CFI_SAME;
    if (MACHINE_RETURN_IN_AUX && row->aux == CFI_AT_CFA && aux_at >= next->sp) { // the loader's resolver: the PLT has pushed X30 for it
        next->sp = aux_at + sizeof aux_at;
    }
    // A caller's frame is above its callee's, so the walk progresses whatever the table says; a function without a frame has no callee.
    if (in_register ? next->sp < now->sp || !now->exact || !read_aux(walk, now, &next->after)
                    : next->sp <= now->sp || (MACHINE_RETURN_IN_AUX && aux_at == UNWIND_LOST) ||
                          !read_word(walk, MACHINE_RETURN_IN_AUX ? aux_at : next->sp - 8, &next->after)) {
        return false;
    }
    next->after = machine_return_address(next->after);
    return true;
}

// For rows that are not plain.
SLOW bool step_special(struct unwind_walk *walk, const struct cfi_row *row, struct unwind_frame *now) {
    if (row->outermost) {
        walk->end = UNWIND_COMPLETE;
        return false;
    }
    if (row->signal_frame) {
        return step_signal(walk, now);
    }
    uintptr_t fp = 0, cfa = now->sp;
    walk->end = UNWIND_UNREADABLE;
    if ((row->base == CFI_FP || row->fp == CFI_AT_FP || row->aux == CFI_AT_FP) && !read_fp(walk, now, &fp)) {
        return false;
    }
    if (row->base == CFI_AUX && !read_aux(walk, now, &cfa)) {
        return false;
    }
    cfa = (row->base == CFI_FP ? fp : cfa) + cfi_row_cfa_offset(row);
    if (row->cfa_indirect && !read_word(walk, cfa, &cfa)) {
        return false;
    }
    uintptr_t fp_at = saved_at(row->fp, cfi_row_fp_offset(row), cfa, fp, now->fp_at),
              aux_at = saved_at(row->aux, cfi_row_aux_offset(row), cfa, fp, now->aux_at_or_high);
    struct unwind_frame next = {.sp = cfa, .fp_at = fp_at, .aux_at_or_high = MACHINE_RETURN_IN_AUX ? UNWIND_LOST : aux_at};
    if (!read_return_address(walk, now, row, aux_at, &next)) {
        return false;
    }
    *now = next;
    return true;
}

// Cache miss: some 300 ns.
SLOW enum cfi_result find_row(struct unwinder *unwinder, uintptr_t address, struct cfi_row *row) {
    uint64_t generation = atomic_load_explicit(&unwinder->generation, memory_order_acquire);
    struct cfi_object object;
    if (!cfi_object_at(address, &object)) {
        return CFI_NONE;
    }
    enum cfi_result result = cfi_find(&object, address, row);
    if (result == CFI_FOUND) {
        cfi_cache_put(&unwinder->rows, address + 1, row);
        atomic_thread_fence(memory_order_seq_cst);
        if (atomic_load_explicit(&unwinder->generation, memory_order_relaxed) != generation || (generation & 1) != 0) {
            cfi_cache_drop(&unwinder->rows, address + 1); // the cache was cleared meanwhile, perhaps because of this row
        }
    }
    return result;
}

// The return address is the first byte of a function, which no call leaves behind: whoever built the stack put it there for the return of
// the stack's first function (makecontext: __start_context).
static bool is_made_up_end(struct unwind_walk *walk, const struct unwind_frame *now) {
    struct cfi_row row;
    return !now->exact && find_row(walk->unwinder, now->after, &row) == CFI_FOUND && !code_bytes_follow_call(now->after);
}

// A call through a wild pointer, often NULL: no memory is where the thread was interrupted, and the return address is on top of the stack
// or in X30.
static bool step_from_nowhere(struct unwind_walk *walk, struct unwind_frame *now) {
    uintptr_t after;
    if (!now->exact || stack_memory_is_mapped(stack_memory_page(now->after - 1)) ||
        !(MACHINE_RETURN_IN_AUX ? read_aux(walk, now, &after) : read_word(walk, now->sp, &after)) || !code_bytes_follow_call(after)) {
        return false;
    }
    now->after = after;
    now->sp += MACHINE_RETURN_IN_AUX ? 0 : sizeof after;
    now->aux_at_or_high = MACHINE_RETURN_IN_AUX ? UNWIND_LOST : now->aux_at_or_high;
    now->exact = false;
    forget_steps(walk); // there may be memory the next time
    return true;
}

// On arm64 a frame record may be anywhere in its frame, so that its caller's SP is a guess: that the record is at the frame's upper end, as
// JITs have it. The caller's rule must find the caller's own frame record there, or a caller without a rule be one that is followed by
// records.
static bool is_caller_of_record(struct unwind_walk *walk, uintptr_t after, uintptr_t sp, uintptr_t fp) {
    struct cfi_row row;
    if (!MACHINE_RETURN_IN_AUX) {
        return true;
    }
    if (in_go(walk, after - 1)) {
        return false;
    }
    enum cfi_result result = find_row(walk->unwinder, after - 1, &row);
    if (result != CFI_FOUND) {
        return result == CFI_NONE;
    }
    bool finds = row.fp == CFI_AT_CFA && sp + cfi_row_cfa_offset(&row) + cfi_row_fp_offset(&row) == fp;
    return row.plain && (row.base == CFI_FP || finds);
}

// On arm64: a stub of the linker's, interrupted or on the way to the loader's resolver. Nothing of it has changed the registers that
// matter.
static bool step_stub(struct unwind_walk *walk, struct unwind_frame *now) {
    unsigned pushed_bytes;
    uintptr_t after;
    if (!MACHINE_RETURN_IN_AUX || !now->exact || !code_bytes_are_stub(now->after - 1, &pushed_bytes) || !read_aux(walk, now, &after)) {
        return false;
    }
    now->after = machine_return_address(after);
    now->sp += pushed_bytes;
    now->aux_at_or_high = UNWIND_LOST;
    now->exact = false;
    forget_steps(walk); // code may change
    return true;
}

// Whether a frame record lies there: the caller's FP and a return address.
static bool read_record(struct unwind_walk *walk, uintptr_t frame, uintptr_t *above, uintptr_t *pc) {
    if ((frame & 7) != 0 || !stack_memory_is_own(walk->stack_low, walk->stack_bytes, frame) ||
        !stack_memory_is_own(walk->stack_low, walk->stack_bytes, frame + 8) || !read_word(walk, frame, above) ||
        !read_word(walk, frame + 8, pc) || (*above != 0 && *above <= frame)) {
        return false;
    }
    *pc = machine_return_address(*pc);
    return code_bytes_follow_call(*pc);
}

// Functions of C have their records at multiples of 16 bytes. Those of V8's code may lie between, so one of these must lead to another one.
static bool read_sure_record(struct unwind_walk *walk, uintptr_t frame, uintptr_t *above, uintptr_t *pc) {
    uintptr_t further, further_pc;
    return read_record(walk, frame, above, pc) &&
           ((frame & 15) == 0 || (!MACHINE_RETURN_IN_AUX && read_record(walk, *above, &further, &further_pc)));
}

// Code without a rule: a JIT's or hand-written. If FP holds a frame record beyond doubt, that is the next frame; a function without a
// record is skipped with it. Otherwise the stack ends here.
SLOW bool step_without_rule(struct unwind_walk *walk, enum cfi_result result, struct unwind_frame *now) {
    uintptr_t frame, above, pc;
    walk->end = result == CFI_UNSUPPORTED ? UNWIND_UNSUPPORTED : UNWIND_NO_RULE;
    if (code_bytes_are_sigreturn(now->after - now->exact)) {
        bool followed = step_signal(walk, now);
        forget_steps(walk); // code may change
        return followed;
    }
    if (result == CFI_NONE && is_made_up_end(walk, now)) {
        walk->end = UNWIND_COMPLETE;
        name_first_byte(walk);
        forget_steps(walk); // a rule may exist the next time
        return false;
    }
    if (result == CFI_NONE && (step_from_nowhere(walk, now) || step_stub(walk, now))) {
        return true;
    }
    // If a rule exists but is unsupported, FP is almost never this function's frame record.
    bool own = stack_memory_is_own(walk->stack_low, walk->stack_bytes, now->sp);
    if (result == CFI_UNSUPPORTED || !own || !read_fp(walk, now, &frame) || frame < now->sp ||
        !read_sure_record(walk, frame, &above, &pc) || !is_caller_of_record(walk, pc, frame + 16, above)) {
        return false;
    }
    atomic_fetch_add_explicit(&walk->unwinder->fallbacks, 1, memory_order_relaxed);
    *now = (struct unwind_frame){.after = pc, .sp = frame + 16, .fp_at = frame, .aux_at_or_high = UNWIND_LOST};
    forget_steps(walk);
    return true;
}

SLOW bool step_unusual(struct unwind_walk *walk, bool cached, const struct cfi_row *cached_row, struct unwind_frame *now) {
    struct cfi_row row = *cached_row;
    if (!cached) {
        enum cfi_result result = find_row(walk->unwinder, now->after - 1, &row);
        if (result != CFI_FOUND) {
            return step_without_rule(walk, result, now);
        }
    }
    return step_special(walk, &row, now);
}

// The caller's registers, by a plain row.
INLINE void enter_caller(struct unwind_frame *now, const struct cfi_row *row, uintptr_t cfa) {
    now->sp = cfa;
    now->fp_at = row->fp == CFI_AT_CFA ? cfa + cfi_row_fp_offset(row) : now->fp_at;
    now->aux_at_or_high = MACHINE_RETURN_IN_AUX    ? UNWIND_LOST // a call overwrites X30
                          : row->aux == CFI_AT_CFA ? cfa + cfi_row_aux_offset(row)
                                                   : now->aux_at_or_high;
    now->exact = false;
}

// From a C frame to its caller. Returns true to continue.
INLINE bool step_c(struct unwind_walk *walk, struct unwind_frame *now) {
    struct cfi_row row;
    bool cached = cfi_cache_get(&walk->unwinder->rows, now->after, &row) && row.valid;
    if (!LIKELY(cached && row.plain)) {
        struct unwind_frame next = *now; // so that now can stay in registers
        bool go_on = step_unusual(walk, cached, &row, &next);
        *now = next;
        return go_on;
    }
    uintptr_t cfa = now->sp;
    walk->end = UNWIND_UNREADABLE;
    if (row.base == CFI_FP && !read_fp(walk, now, &cfa)) {
        return false;
    }
    cfa += cfi_row_cfa_offset(&row);
    // A caller's frame is above its callee's, so the walk progresses whatever the table says.
    if (cfa <= now->sp || !read_word(walk, machine_return_at(&row, cfa), &now->after)) {
        return false;
    }
    now->after = machine_return_address(now->after);
    enter_caller(now, &row, cfa);
    return true;
}

// The start of struct g (runtime/runtime2.go).
enum { GOROUTINE_STACK_LOW = 0, GOROUTINE_STACK_HIGH = 8, FRAME_RECORD_BYTES = 16 };

// The frame record of asmcgocall, from what it has saved on the system stack (machine_amd64.h, machine_arm64.h).
SLOW bool read_go_call(struct unwind_walk *walk, uintptr_t sp, uintptr_t *frame, uintptr_t *high) {
    uintptr_t goroutine, distance, low;
    if (!read_word(walk, sp + MACHINE_GO_CALL_DISTANCE, &distance) || !read_word(walk, sp + MACHINE_GO_CALL_GOROUTINE, &goroutine)) {
        return false;
    }
    if (goroutine == 0) {
        *frame = distance - MACHINE_GO_RECORD_BELOW_SP;
        *high = UNWIND_NO_LIMIT;
        return distance > sp;
    }
    if (!read_word(walk, goroutine + GOROUTINE_STACK_LOW, &low) || !read_word(walk, goroutine + GOROUTINE_STACK_HIGH, high)) {
        return false;
    }
    distance += MACHINE_GO_RECORD_BELOW_SP;
    *frame = *high - distance;
    return low < *high && distance >= FRAME_RECORD_BYTES && distance <= *high - low;
}

// Returns true for a caller's frame on the same stack.
INLINE bool is_further_out(const struct unwind_frame *now, uintptr_t frame) {
    return frame - now->sp < now->aux_at_or_high - now->sp;
}

// From a goroutine's stack the chain leads to the system stack if C called into Go. Any other address outside is where the stack once was:
// Go until 1.25 does not adjust the frame pointer of a function that panicked. Such an address may even lead to the stack again once it has
// moved back, so nothing above such a function is followed.
INLINE bool may_be_system_stack(const struct unwind_walk *walk, uintptr_t frame) {
    return stack_memory_is_own(walk->stack_low, walk->stack_bytes, frame) || stack_memory_is_not_go(&walk->unwinder->memory, frame);
}

// Finds the frame that contains the next return address. If this returns false, walk->end is the reason.
INLINE bool find_go_frame(struct unwind_walk *walk, struct unwind_frame *now, uintptr_t *frame) {
    walk->end = UNWIND_UNREADABLE;
    if (now->fp_at == UNWIND_IN_GO_CALL) {
        return read_go_call(walk, now->sp, frame, &now->aux_at_or_high);
    }
    if (now->fp_at == UNWIND_IS_SP) {
        *frame = now->sp;
    } else if (!read_fp(walk, now, frame)) {
        return false;
    }
    if (*frame == 0) { // the goroutine's first frame
        walk->end = UNWIND_COMPLETE;
        return false;
    }
    if (now->aux_at_or_high != UNWIND_NO_LIMIT && !is_further_out(now, *frame)) {
        now->aux_at_or_high = UNWIND_NO_LIMIT;
        return may_be_system_stack(walk, *frame);
    }
    return true;
}

// From crosscall2, in Go, to the C function that has called it, on arm64: now is crosscall2, as of the return of cgocallback. Returns false
// if it is another function.
SLOW bool step_out_of_crosscall2(struct unwind_walk *walk, struct unwind_frame *now) {
#if defined __aarch64__
    uintptr_t at = now->sp + MACHINE_CROSSCALL2_FP, after;
    struct unwind_read *read = walk->read;
    if (now->fp_at + FRAME_RECORD_BYTES == now->sp && code_bytes_are_crosscall2(now->after) && read_word(walk, at + 8, &after)) {
        after = machine_return_address(after);
        if (!in_go(walk, after - 1) && code_bytes_follow_call(after)) {
            *now = (struct unwind_frame){.after = after, .sp = at + FRAME_RECORD_BYTES, .fp_at = at, .aux_at_or_high = UNWIND_LOST};
            return true;
        }
    }
    walk->read = read;
#else
    (void)walk, (void)now;
#endif
    return false;
}

// C calls Go through crosscall2, or the kernel does for a signal. Any other non-Go code is not Go's caller: until 1.25 a thread's first Go
// function (mstart) leaves C's value in FP. A goroutine is not called by C. On arm64 the stack pointer of the kernel's is not known to be
// next to a frame record, so that the stack is cut there.
//
// From a Go frame to its caller; FP is the frame pointer of a frame further out, or of this one. Returns true to continue.
INLINE bool step_go(struct unwind_walk *walk, struct unwind_frame *now) {
    uintptr_t frame, above;
    if (!MACHINE_CROSSCALL2_HAS_RECORD && now->aux_at_or_high == UNWIND_NO_LIMIT && step_out_of_crosscall2(walk, now)) {
        return true;
    }
    if (!find_go_frame(walk, now, &frame) || !can_read(walk, frame)) {
        return false;
    }
    struct unwind_frame next = {.aux_at_or_high = frame + (uintptr_t)MACHINE_CROSSCALL2_AUX};
    above = *(const uintptr_t *)frame;
    bool is_crosscall2 = MACHINE_CROSSCALL2_HAS_RECORD && above == frame + 8;
    if (is_crosscall2) { // its second frame pointer: the assembler's own, with the return address, is above it
        remember_read(walk, frame, above);
        frame = above;
        if (!can_read(walk, frame)) {
            return false;
        }
        above = *(const uintptr_t *)frame;
    }
    if (!read_word(walk, frame + 8, &next.after) || above == frame) {
        return false;
    }
    bool go = in_go(walk, next.after - 1);
    if (!go && next.after != 0 &&
        (now->aux_at_or_high != UNWIND_NO_LIMIT ||
         (!is_crosscall2 && !(MACHINE_CROSSCALL2_HAS_RECORD && code_bytes_are_sigreturn(next.after))))) {
        return false;
    }
    // The next step in Go begins with the word at frame and records it then.
    if (!go || unwind_walk_next_step(walk) == UNWIND_FIRST_STEP + UNWIND_MAX_FRAMES) {
        remember_read(walk, frame, above);
    }
    if (go) {
        next.aux_at_or_high = now->aux_at_or_high;
    }
    next.sp = frame + FRAME_RECORD_BYTES;
    bool panicked = now->after - 1 - walk->go_panic_start < walk->go_panic_bytes;
    bool overwritten = !MACHINE_GO_CALL_KEEPS_FP && now->fp_at == UNWIND_IN_GO_CALL && above == frame + MACHINE_GO_RECORD_BELOW_SP;
    next.fp_at = panicked ? UNWIND_LOST : overwritten ? UNWIND_IS_SP : frame;
    *now = next;
    return true;
}

// From C into Go, or at the start. If interrupted inside asmcgocall nothing is reliable: FP may be C's.
INLINE void enter_go(const struct unwind_walk *walk, struct unwind_frame *now) {
    now->aux_at_or_high = UNWIND_NO_LIMIT;
    if (walk->go_call_bytes == 0) { // unknown
        now->fp_at = UNWIND_LOST;
    } else if (now->after - 1 - walk->go_call_start < walk->go_call_bytes) {
        now->fp_at = now->exact ? UNWIND_LOST : UNWIND_IN_GO_CALL;
    }
}

// ---- The walk ----

// The last step is also one of the old walk, whose words are unchanged from there on.
SLOW bool can_join(struct unwind_walk *walk) {
    walk->trail->steps_end = unwind_walk_next_step(walk);
    bool may = unwind_trail_may_join(walk->old, walk->old_at, walk->trail);
    walk->old_at += !may;
    return may;
}

// The last step equals the next one of the old walk in stack pointer and address. Steps are ordered by segment, and within one mostly by
// stack pointer. Where they are not, the walks just do not meet.
INLINE bool meets_old(struct unwind_walk *walk, const struct unwind_frame *now, unsigned segment) {
    const struct unwind_trail *old = walk->old;
    while (walk->old_at < old->steps_end) {
        const struct unwind_step *step = &old->steps[walk->old_at];
        if (step->segment > segment || (step->segment == segment && step->sp >= now->sp)) {
            return step->segment == segment && step->sp == now->sp && unwind_trail_pc(old, walk->old_at) == now->after - now->exact;
        }
        walk->old_at++;
    }
    return false;
}

// The stack pointer of the next old step if it is in this segment: no step below it meets the old walk.
INLINE uintptr_t next_old_sp(const struct unwind_walk *walk, unsigned segment) {
    const struct unwind_step *next = &walk->old->steps[walk->old_at];
    return walk->old_at < walk->old->steps_end && next->segment == segment ? next->sp : UINTPTR_MAX;
}

// step_c and record in one loop, for nearly all C frames: a plain row from the cache, on the thread's own stack. Everything is in
// registers, which halves the time per frame. Stops before the first other frame, and where the old walk may be met.
SLOW void follow_plain(struct unwind_walk *walk, struct unwind_frame *frame, unsigned segment) {
    struct unwind_frame now = *frame;
    struct cfi_cache *rows = &walk->unwinder->rows;
    struct unwind_trail *trail = walk->trail;
    struct unwind_step *step = walk->step;
    struct unwind_read *read = walk->read;
    uintptr_t *pc = &trail->pcs[step - trail->steps];
    const struct unwind_step *end = &trail->steps[UNWIND_FIRST_STEP + UNWIND_MAX_FRAMES - 1];
    const uintptr_t low = walk->stack_low, bytes = walk->stack_bytes, go_start = walk->go_start, go_bytes = walk->go_bytes;
    const uintptr_t old_sp = next_old_sp(walk, segment);
    while (step < end) {
        struct cfi_row row;
        if (!cfi_cache_get(rows, now.after, &row) || !row.plain) {
            break;
        }
        uintptr_t base = now.sp;
        struct unwind_read *next_read = read;
        if (row.base == CFI_FP) {
            if (now.fp_at - low >= bytes || (now.fp_at & 7) != 0) {
                break;
            }
            base = *(const uintptr_t *)now.fp_at;
            *next_read++ = (struct unwind_read){now.fp_at, base};
        }
        uintptr_t cfa = base + cfi_row_cfa_offset(&row), after_at = machine_return_at(&row, cfa);
        if (cfa <= now.sp || after_at - low >= bytes || (cfa & 7) != 0) {
            break;
        }
        uintptr_t word = *(const uintptr_t *)after_at, after = machine_return_address(word);
        if ((intptr_t)after <= 0 || after - 1 - go_start < go_bytes) { // the end, no address, or Go
            break;
        }
        *next_read++ = (struct unwind_read){after_at, word};
        read = next_read;
        now.after = after;
        enter_caller(&now, &row, cfa);
        *++pc = after;
        put_step(++step, &now, (uint32_t)(read - trail->reads), segment);
        if (now.sp >= old_sp) {
            break;
        }
    }
    *frame = now;
    walk->step = step;
    walk->read = read;
}

// The same for Go: step_go and record, as long as the frames are in one page of the goroutine's stack.
SLOW void follow_chain(struct unwind_walk *walk, struct unwind_frame *frame, unsigned segment) {
    struct unwind_frame now = *frame;
    struct unwind_trail *trail = walk->trail;
    struct unwind_step *step = walk->step;
    struct unwind_read *read = walk->read;
    uintptr_t *pc = &trail->pcs[step - trail->steps];
    const struct unwind_step *end = &trail->steps[UNWIND_FIRST_STEP + UNWIND_MAX_FRAMES - 1];
    const uintptr_t page = walk->go_page, go_start = walk->go_start, go_bytes = walk->go_bytes, old_sp = next_old_sp(walk, segment);
    while (step < end && (now.fp_at & 7) == 0 && stack_memory_page(now.fp_at) == page) {
        uintptr_t record_at = *(const uintptr_t *)now.fp_at;
        if ((record_at & 7) != 0 || stack_memory_page(record_at) != page || stack_memory_page(record_at + 8) != page ||
            !is_further_out(&now, record_at)) {
            break;
        }
        uintptr_t above = *(const uintptr_t *)record_at, after = *(const uintptr_t *)(record_at + 8);
        if (above == record_at + 8 || after - 1 - go_start >= go_bytes) {
            break;
        }
        read[0] = (struct unwind_read){now.fp_at, record_at};
        read[1] = (struct unwind_read){record_at + 8, after};
        read += 2;
        now.after = after;
        now.sp = record_at + FRAME_RECORD_BYTES;
        now.fp_at = record_at;
        now.exact = false;
        *++pc = after;
        put_step(++step, &now, (uint32_t)(read - trail->reads), segment);
        if (now.sp >= old_sp) {
            break;
        }
    }
    *frame = now;
    walk->step = step;
    walk->read = read;
}

// The walk has ended at the last step because no code with a rule is there, nor has a call ever returned there. The first step stays.
SLOW bool is_stray(const struct unwind_walk *walk, const struct unwind_frame *now) {
    return walk->end == UNWIND_NO_RULE && !now->exact && walk->step != &walk->trail->steps[UNWIND_FIRST_STEP] &&
           !code_bytes_follow_call(now->after);
}

bool unwind_walk_follow(struct unwind_walk *walk, struct unwind_frame now) {
    unsigned segment = 0;
    bool go = in_go(walk, now.after - 1);
    if (go) {
        enter_go(walk, &now);
    }
    record(walk, &now, segment);
    for (;;) {
        if (meets_old(walk, &now, segment) && can_join(walk)) {
            return true;
        }
        const struct unwind_step *last = walk->step;
        if (!go) {
            follow_plain(walk, &now, segment);
        } else if (walk->go_panic_bytes == 0) {
            follow_chain(walk, &now, segment);
        }
        if (walk->step != last && meets_old(walk, &now, segment) && can_join(walk)) {
            return true;
        }
        if (!(go ? step_go(walk, &now) : step_c(walk, &now))) {
            walk->step -= !go && is_stray(walk, &now);
            return false;
        }
        if (now.after == 0 || is_no_address(now.after)) { // some hand-written entry points end their stacks by 0
            walk->end = now.after == 0 ? UNWIND_COMPLETE : UNWIND_NO_RULE;
            return false;
        }
        bool before = go;
        go = in_go(walk, now.after - 1);
        segment += go != before;
        if (go && !before) {
            enter_go(walk, &now);
        }
        if (!record(walk, &now, segment)) {
            walk->end = UNWIND_TOO_DEEP;
            return false;
        }
    }
}

bool unwind_walk_step_c(struct unwind_walk *walk, struct unwind_frame *now) {
    bool follows = step_c(walk, now), is_none = follows && is_no_address(now->after);
    walk->end = is_none ? UNWIND_NO_RULE : walk->end;
    return follows && !is_none;
}

// This code's own frames and those that called it.
enum { MAX_OWN_FRAMES = 64 };

bool unwind_walk_find_caller(struct unwind_walk *walk, struct unwind_start *start, uintptr_t caller) {
    struct unwind_frame now = {.after = start->pc + 1, .sp = start->sp, .exact = true};
    for (int frames = 0; frames < MAX_OWN_FRAMES && step_c(walk, &now); frames++) {
        walk->read = &walk->trail->reads[UNWIND_FIRST_READ];
        if (now.after == caller && !now.exact) {
            start->pc = caller;
            start->sp = now.sp;
            start->exact = false;
            start->aux_known = read_aux(walk, &now, &start->aux);
            return read_fp(walk, &now, &start->fp);
        }
    }
    return false;
}

// A frame record of Go's: its function and the caller of that are Go's, and the caller's record is above.
static bool leads_up(struct unwind_walk *walk, uintptr_t frame, uintptr_t high) {
    uintptr_t above, after, higher_after;
    return read_word(walk, frame, &above) && read_word(walk, frame + 8, &after) && in_go(walk, after - 1) && above > frame &&
           above < high && read_word(walk, above + 8, &higher_after) && in_go(walk, higher_after - 1);
}

uintptr_t unwind_walk_find_go_call(struct unwind_walk *walk, const struct unwind_start *start, uintptr_t *goroutine) {
    struct unwind_frame now = {.after = start->pc + 1, .sp = start->sp, .exact = true};
    uintptr_t by_fp, by_words, high;
    for (int frames = 0; frames < MAX_OWN_FRAMES && step_c(walk, &now); frames++) {
        walk->read = &walk->trail->reads[UNWIND_FIRST_READ];
        if (in_go(walk, now.after - 1)) {
            bool agree = !now.exact && read_go_call(walk, now.sp, &by_words, &high) &&
                         (MACHINE_GO_CALL_KEEPS_FP ? read_fp(walk, &now, &by_fp) && by_fp == by_words : leads_up(walk, by_words, high)) &&
                         read_word(walk, now.sp + MACHINE_GO_CALL_GOROUTINE, goroutine);
            return agree ? now.after : 0;
        }
    }
    return 0;
}
