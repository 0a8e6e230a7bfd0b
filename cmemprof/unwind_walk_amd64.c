// unwind_walk_amd64.c (unwind): the step from a frame to its caller on amd64 and in Go's assembly.

#include "unwind_walk.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <ucontext.h>

#include "code_bytes_amd64.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define INLINE static inline __attribute__((always_inline))
#define SLOW static __attribute__((noinline))

INLINE bool in_go(const struct unwind_walk *walk, uintptr_t pc) {
    return pc - walk->go_start < walk->go_bytes;
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

INLINE bool read_rbp(struct unwind_walk *walk, const struct unwind_frame *now, uintptr_t *value) {
    if (now->rbp_at == UNWIND_IN_REGISTER) {
        walk->trail->rbp_until = unwind_walk_next_step(walk);
        *value = walk->trail->rbp;
        return true;
    }
    return now->rbp_at != UNWIND_LOST && read_word(walk, now->rbp_at, value);
}

static bool read_rbx(struct unwind_walk *walk, const struct unwind_frame *now, uintptr_t *value) {
    if (now->rbx_at_or_high == UNWIND_IN_REGISTER) {
        walk->trail->rbx_until = unwind_walk_next_step(walk);
        walk->wants_rbx = !walk->trail->rbx_known;
        *value = walk->trail->rbx;
        return walk->trail->rbx_known;
    }
    return now->rbx_at_or_high != UNWIND_LOST && read_word(walk, now->rbx_at_or_high, value);
}

// ---- Steps ----

// Member by member, without a union: a struct copy goes through memory in small stores, and a large load that follows stalls on them, 10 ns
// a frame. The small members are one store.
INLINE void put_step(struct unwind_step *step, const struct unwind_frame *now, uint32_t reads, unsigned segment) {
    step->sp = now->sp;
    step->rbp_at = now->rbp_at;
    step->rbx_at_or_high = now->rbx_at_or_high;
    uint64_t small = reads | (uint64_t)(uint16_t)segment << 32 | (now->exact ? UINT64_C(0x0101) << 48 : 0); // exact and pc_beyond
    _Static_assert(offsetof(struct unwind_step, segment) == offsetof(struct unwind_step, reads) + 4 &&
                       offsetof(struct unwind_step, exact) == offsetof(struct unwind_step, reads) + 6 &&
                       offsetof(struct unwind_step, pc_beyond) == offsetof(struct unwind_step, reads) + 7,
                   "amd64 is little-endian");
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

// Above the return address of a signal handler (__restore_rt, which nobody called) are the interrupted registers.
static bool step_signal(struct unwind_walk *walk, struct unwind_frame *now) {
    uintptr_t saved = now->sp + offsetof(ucontext_t, uc_mcontext.gregs);
    struct unwind_frame next = {.exact = true, .rbp_at = saved + REG_RBP * 8, .rbx_at_or_high = saved + REG_RBX * 8};
    walk->end = UNWIND_UNREADABLE;
    if (!read_word(walk, saved + REG_RIP * 8, &next.after) || !read_word(walk, saved + REG_RSP * 8, &next.sp)) {
        return false;
    }
    name_first_byte(walk);
    *now = next;
    now->after++;
    return true;
}

static uintptr_t saved_at(enum cfi_how how, int64_t words, uintptr_t cfa, uintptr_t rbp, uintptr_t before) {
    switch (how) {
    case CFI_SAME:
        return before;
    case CFI_AT_CFA:
        return cfa + (uintptr_t)(words * 8);
    case CFI_AT_RBP:
        return rbp + (uintptr_t)(words * 8);
    default:
        return UNWIND_LOST;
    }
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
    uintptr_t rbp = 0, cfa = now->sp;
    walk->end = UNWIND_UNREADABLE;
    if ((row->base == CFI_RBP || row->rbp == CFI_AT_RBP || row->rbx == CFI_AT_RBP) && !read_rbp(walk, now, &rbp)) {
        return false;
    }
    if (row->base == CFI_RBX && !read_rbx(walk, now, &cfa)) {
        return false;
    }
    cfa = (row->base == CFI_RBP ? rbp : cfa) + (uintptr_t)row->cfa_offset;
    if (row->cfa_indirect && !read_word(walk, cfa, &cfa)) {
        return false;
    }
    uintptr_t rbp_at = saved_at(row->rbp, row->rbp_offset, cfa, rbp, now->rbp_at);
    struct unwind_frame next = {
        .sp = cfa, .rbp_at = rbp_at, .rbx_at_or_high = saved_at(row->rbx, row->rbx_offset, cfa, rbp, now->rbx_at_or_high)};
    if (cfa <= now->sp || !read_word(walk, cfa - 8, &next.after)) {
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

// A call through a wild pointer, often NULL: no memory is where the thread was interrupted, and the return address is on top of the stack.
static bool step_from_nowhere(struct unwind_walk *walk, struct unwind_frame *now) {
    uintptr_t after;
    if (!now->exact || stack_memory_is_mapped(stack_memory_page(now->after - 1)) || !read_word(walk, now->sp, &after) ||
        !code_bytes_follow_call(after)) {
        return false;
    }
    now->after = after;
    now->sp += sizeof after;
    now->exact = false;
    forget_steps(walk); // there may be memory the next time
    return true;
}

// Code without a rule: a JIT's or hand-written. If RBP holds a frame record beyond doubt, that is the next frame; a function without a
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
    if (result == CFI_NONE && step_from_nowhere(walk, now)) {
        return true;
    }
    // If a rule exists but is unsupported, RBP is almost never this function's frame record.
    bool own = stack_memory_is_own(walk->stack_low, walk->stack_bytes, now->sp);
    if (result == CFI_UNSUPPORTED || !own || !read_rbp(walk, now, &frame) || (frame & 15) != 0 || frame < now->sp ||
        !stack_memory_is_own(walk->stack_low, walk->stack_bytes, frame) ||
        !stack_memory_is_own(walk->stack_low, walk->stack_bytes, frame + 8) || !read_word(walk, frame, &above) ||
        !read_word(walk, frame + 8, &pc) || (above != 0 && above <= frame) || !code_bytes_follow_call(pc)) {
        return false;
    }
    atomic_fetch_add_explicit(&walk->unwinder->fallbacks, 1, memory_order_relaxed);
    *now = (struct unwind_frame){.after = pc, .sp = frame + 16, .rbp_at = frame, .rbx_at_or_high = UNWIND_LOST};
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
    if (row.base == CFI_RBP && !read_rbp(walk, now, &cfa)) {
        return false;
    }
    cfa += (uintptr_t)row.cfa_offset;
    // A caller's frame is above its callee's, so the walk progresses whatever the table says.
    if (cfa <= now->sp || !read_word(walk, cfa - 8, &now->after)) {
        return false;
    }
    now->sp = cfa;
    now->rbp_at = row.rbp == CFI_AT_CFA ? cfa + (uintptr_t)((int64_t)row.rbp_offset * 8) : now->rbp_at;
    now->rbx_at_or_high = row.rbx == CFI_AT_CFA ? cfa + (uintptr_t)((int64_t)row.rbx_offset * 8) : now->rbx_at_or_high;
    now->exact = false;
    return true;
}

// crosscall2, where C calls into Go, saves its caller's RBX five words below the frame pointer that it sets (runtime/cgo/abi_amd64.h,
// PUSH_REGS_HOST_TO_ABI0). It sets one although the assembler has already made one, since its frame size is no longer 0:
//
//     return address into C
//     C's RBP              <- assembler's frame pointer
//     that frame pointer   <- RBP
//     R15 R14 R13 R12 RBX
enum { CROSSCALL2_RBX = -40 };

// What asmcgocall, where Go calls C, saves on the system stack, and the start of struct g (runtime/asm_amd64.s, runtime/runtime2.go).
// asmcgocall's own frame record is at the goroutine's stack pointer.
//
//     8(SP)  the calling goroutine; 0: the caller was already on a system stack, which does not move
//     0(SP)  the distance of its stack pointer below g.stack.hi; without a goroutine: that stack pointer itself
//
// RBP, which C preserves, is where that record was when C was called. If C has called back into Go since, the goroutine's stack may have
// grown or shrunk and thereby moved, and RBP points to freed memory or to another goroutine's stack.
enum { GO_CALL_DISTANCE = 0, GO_CALL_GOROUTINE = 8, GOROUTINE_STACK_LOW = 0, GOROUTINE_STACK_HIGH = 8, FRAME_RECORD_BYTES = 16 };

SLOW bool read_go_call(struct unwind_walk *walk, uintptr_t sp, uintptr_t *frame, uintptr_t *high) {
    uintptr_t goroutine, distance, low;
    if (!read_word(walk, sp + GO_CALL_DISTANCE, &distance) || !read_word(walk, sp + GO_CALL_GOROUTINE, &goroutine)) {
        return false;
    }
    if (goroutine == 0) {
        *frame = distance;
        *high = UNWIND_NO_LIMIT;
        return distance > sp;
    }
    if (!read_word(walk, goroutine + GOROUTINE_STACK_LOW, &low) || !read_word(walk, goroutine + GOROUTINE_STACK_HIGH, high)) {
        return false;
    }
    *frame = *high - distance;
    return low < *high && distance >= FRAME_RECORD_BYTES && distance <= *high - low;
}

// Returns true for a caller's frame on the same stack.
INLINE bool is_further_out(const struct unwind_frame *now, uintptr_t frame) {
    return frame - now->sp < now->rbx_at_or_high - now->sp;
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
    if (now->rbp_at == UNWIND_IN_GO_CALL) {
        return read_go_call(walk, now->sp, frame, &now->rbx_at_or_high);
    }
    if (!read_rbp(walk, now, frame)) {
        return false;
    }
    if (*frame == 0) { // the goroutine's first frame
        walk->end = UNWIND_COMPLETE;
        return false;
    }
    if (now->rbx_at_or_high != UNWIND_NO_LIMIT && !is_further_out(now, *frame)) {
        now->rbx_at_or_high = UNWIND_NO_LIMIT;
        return may_be_system_stack(walk, *frame);
    }
    return true;
}

// C calls Go through crosscall2, or the kernel does for a signal. Any other non-Go code is not Go's caller: until 1.25 a thread's first Go
// function (mstart) leaves C's value in RBP. A goroutine is not called by C.
//
// From a Go frame to its caller; RBP is the frame pointer of a frame further out, or of this one. Returns true to continue.
INLINE bool step_go(struct unwind_walk *walk, struct unwind_frame *now) {
    uintptr_t frame, above;
    if (!find_go_frame(walk, now, &frame) || !can_read(walk, frame)) {
        return false;
    }
    struct unwind_frame next = {.rbx_at_or_high = frame + (uintptr_t)CROSSCALL2_RBX};
    above = *(const uintptr_t *)frame;
    bool is_crosscall2 = above == frame + 8;
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
    if (!go && next.after != 0 && (now->rbx_at_or_high != UNWIND_NO_LIMIT || (!is_crosscall2 && !code_bytes_are_sigreturn(next.after)))) {
        return false;
    }
    // The next step in Go begins with the word at frame and records it then.
    if (!go || unwind_walk_next_step(walk) == UNWIND_FIRST_STEP + UNWIND_MAX_FRAMES) {
        remember_read(walk, frame, above);
    }
    if (go) {
        next.rbx_at_or_high = now->rbx_at_or_high;
    }
    next.sp = frame + FRAME_RECORD_BYTES;
    bool panicked = now->after - 1 - walk->go_panic_start < walk->go_panic_bytes;
    next.rbp_at = panicked ? UNWIND_LOST : frame;
    *now = next;
    return true;
}

// From C into Go, or at the start. If interrupted inside asmcgocall nothing is reliable: RBP may be C's.
INLINE void enter_go(const struct unwind_walk *walk, struct unwind_frame *now) {
    now->rbx_at_or_high = UNWIND_NO_LIMIT;
    if (walk->go_call_bytes == 0) { // unknown
        now->rbp_at = UNWIND_LOST;
    } else if (now->after - 1 - walk->go_call_start < walk->go_call_bytes) {
        now->rbp_at = now->exact ? UNWIND_LOST : UNWIND_IN_GO_CALL;
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
        if (row.base == CFI_RBP) {
            if (now.rbp_at - low >= bytes || (now.rbp_at & 7) != 0) {
                break;
            }
            base = *(const uintptr_t *)now.rbp_at;
            *next_read++ = (struct unwind_read){now.rbp_at, base};
        }
        uintptr_t cfa = base + (uintptr_t)row.cfa_offset, after_at = cfa - 8;
        if (cfa <= now.sp || after_at - low >= bytes || (cfa & 7) != 0) {
            break;
        }
        uintptr_t after = *(const uintptr_t *)after_at;
        if (after == 0 || after - 1 - go_start < go_bytes) {
            break;
        }
        *next_read++ = (struct unwind_read){after_at, after};
        read = next_read;
        now.after = after;
        now.sp = cfa;
        now.rbp_at = row.rbp == CFI_AT_CFA ? cfa + (uintptr_t)((int64_t)row.rbp_offset * 8) : now.rbp_at;
        now.rbx_at_or_high = row.rbx == CFI_AT_CFA ? cfa + (uintptr_t)((int64_t)row.rbx_offset * 8) : now.rbx_at_or_high;
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

// The same for Go: step_go and record, as long as the frames are in one page of the goroutine's stack.
SLOW void follow_chain(struct unwind_walk *walk, struct unwind_frame *frame, unsigned segment) {
    struct unwind_frame now = *frame;
    struct unwind_trail *trail = walk->trail;
    struct unwind_step *step = walk->step;
    struct unwind_read *read = walk->read;
    uintptr_t *pc = &trail->pcs[step - trail->steps];
    const struct unwind_step *end = &trail->steps[UNWIND_FIRST_STEP + UNWIND_MAX_FRAMES - 1];
    const uintptr_t page = walk->go_page, go_start = walk->go_start, go_bytes = walk->go_bytes, old_sp = next_old_sp(walk, segment);
    while (step < end && (now.rbp_at & 7) == 0 && stack_memory_page(now.rbp_at) == page) {
        uintptr_t record_at = *(const uintptr_t *)now.rbp_at;
        if ((record_at & 7) != 0 || stack_memory_page(record_at) != page || stack_memory_page(record_at + 8) != page ||
            !is_further_out(&now, record_at)) {
            break;
        }
        uintptr_t above = *(const uintptr_t *)record_at, after = *(const uintptr_t *)(record_at + 8);
        if (above == record_at + 8 || after - 1 - go_start >= go_bytes) {
            break;
        }
        read[0] = (struct unwind_read){now.rbp_at, record_at};
        read[1] = (struct unwind_read){record_at + 8, after};
        read += 2;
        now.after = after;
        now.sp = record_at + FRAME_RECORD_BYTES;
        now.rbp_at = record_at;
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
            return false;
        }
        if (now.after == 0) { // some hand-written entry points end their stacks this way
            walk->end = UNWIND_COMPLETE;
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
    return step_c(walk, now);
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
            start->rbx_known = read_rbx(walk, &now, &start->rbx);
            return read_rbp(walk, &now, &start->rbp);
        }
    }
    return false;
}

uintptr_t unwind_walk_find_go_call(struct unwind_walk *walk, const struct unwind_start *start, uintptr_t *goroutine) {
    struct unwind_frame now = {.after = start->pc + 1, .sp = start->sp, .exact = true};
    uintptr_t by_rbp, by_words, high;
    for (int frames = 0; frames < MAX_OWN_FRAMES && step_c(walk, &now); frames++) {
        walk->read = &walk->trail->reads[UNWIND_FIRST_READ];
        if (in_go(walk, now.after - 1)) {
            bool agree = !now.exact && read_rbp(walk, &now, &by_rbp) && read_go_call(walk, now.sp, &by_words, &high) &&
                         by_rbp == by_words && read_word(walk, now.sp + GO_CALL_GOROUTINE, goroutine);
            return agree ? now.after : 0;
        }
    }
    return 0;
}
