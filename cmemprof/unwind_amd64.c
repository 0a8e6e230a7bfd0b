// unwind_amd64.c: the walk itself, and what it has to know about amd64 and about Go's assembly.

#include "unwind.h"

#include <signal.h>
#include <stddef.h>
#include <ucontext.h>

// What a frame needs to find its caller. Everything else that a C function preserves is of no use here.
struct registers {
    uintptr_t pc, sp, rbp, rbx;
    bool exact; // pc is the next instruction itself and not a return address: a signal came between
};

struct walk {
    struct unwinder *unwinder;
    struct thread_state *thread;
    struct registers now;
    uintptr_t go_start, go_end, caller;
    uintptr_t *pcs;
    uint32_t count;
    bool recording; // the caller has been met
};

static bool in_go(const struct walk *walk, uintptr_t pc) {
    return pc >= walk->go_start && pc < walk->go_end;
}

static bool read_native(const struct walk *walk, uintptr_t address, uintptr_t *word) {
    return stack_memory_read(&walk->unwinder->memory, walk->thread, STACK_NATIVE, address, word);
}

static bool read_go(const struct walk *walk, uintptr_t address, uintptr_t *word) {
    return stack_memory_read(&walk->unwinder->memory, walk->thread, STACK_GO, address, word);
}

// False: no room.
static bool record(struct walk *walk, uintptr_t pc) {
    walk->recording |= pc == walk->caller;
    if (walk->recording) {
        if (walk->count == UNWIND_MAX_FRAMES) {
            return false;
        }
        walk->pcs[walk->count++] = pc;
    }
    return true;
}

static enum cfi_result row_at(struct unwinder *unwinder, uintptr_t address, struct cfi_row *row) {
    if (row_cache_get(&unwinder->rows, address, row) && row->valid) {
        return CFI_FOUND;
    }
    struct cfi_object object;
    if (!cfi_object_at(address, &object)) {
        return CFI_NONE;
    }
    enum cfi_result result = cfi_find(&object, address, row);
    if (result == CFI_FOUND) {
        row_cache_put(&unwinder->rows, address, row);
    }
    return result;
}

// Behind the return address of a signal handler the kernel put the interrupted registers.
static bool step_signal(struct walk *walk) {
    uintptr_t registers = walk->now.sp + offsetof(ucontext_t, uc_mcontext.gregs);
    struct registers next = {.exact = true};
    if (!read_native(walk, registers + REG_RIP * 8, &next.pc) || !read_native(walk, registers + REG_RSP * 8, &next.sp) ||
        !read_native(walk, registers + REG_RBP * 8, &next.rbp) || !read_native(walk, registers + REG_RBX * 8, &next.rbx)) {
        return false;
    }
    walk->now = next;
    return true;
}

static bool restore(const struct walk *walk, enum cfi_how how, int64_t words, uintptr_t cfa, uintptr_t *reg) {
    switch (how) {
    case CFI_SAME:
        return true;
    case CFI_AT_CFA:
        return read_native(walk, cfa + (uintptr_t)(words * 8), reg);
    case CFI_AT_RBP:
        return read_native(walk, walk->now.rbp + (uintptr_t)(words * 8), reg);
    default:
        *reg = 1; // not to be had; if it is needed after all, this is no address of a word, and the stack is cut there
        return true;
    }
}

static bool step_row(struct walk *walk, const struct cfi_row *row) {
    const uintptr_t bases[] = {[CFI_RSP] = walk->now.sp, [CFI_RBP] = walk->now.rbp, [CFI_RBX] = walk->now.rbx};
    uintptr_t cfa = bases[row->base] + (uintptr_t)row->cfa_offset;
    if (row->cfa_indirect && !read_native(walk, cfa, &cfa)) {
        return false;
    }
    // A caller's frame lies above its callee's, so the walk makes progress whatever the table says.
    struct registers next = {.sp = cfa, .rbp = walk->now.rbp, .rbx = walk->now.rbx};
    if (cfa <= walk->now.sp || !read_native(walk, cfa - 8, &next.pc) || !restore(walk, row->rbp, row->rbp_offset, cfa, &next.rbp) ||
        !restore(walk, row->rbx, row->rbx_offset, cfa, &next.rbx)) {
        return false;
    }
    walk->now = next;
    return true;
}

// From a C frame to its caller. True: go on.
static bool step_c(struct walk *walk, enum unwind_end *end) {
    struct cfi_row row;
    switch (row_at(walk->unwinder, walk->now.pc - !walk->now.exact, &row)) {
    case CFI_NONE:
        *end = UNWIND_NO_RULE;
        return false;
    case CFI_UNSUPPORTED:
        *end = UNWIND_UNSUPPORTED;
        return false;
    case CFI_FOUND:
        break;
    }
    if (row.outermost) {
        *end = UNWIND_COMPLETE;
        return false;
    }
    *end = UNWIND_UNREADABLE;
    return row.signal_frame ? step_signal(walk) : step_row(walk, &row);
}

// crosscall2, where C calls into Go, keeps its caller's RBX five words below the frame pointer that it sets (runtime/cgo/abi_amd64.h,
// PUSH_REGS_HOST_TO_ABI0). It sets one although the assembler has already made one, since its size is not 0 any more:
//
//     return address into C
//     C's RBP              <- assembler's frame pointer
//     that frame pointer   <- RBP
//     R15 R14 R13 R12 RBX
enum { CROSSCALL2_RBX = -40 };

// From a Go frame to its caller; rbp is the frame pointer of a frame further out, or of this one. True: go on.
static bool step_go(struct walk *walk, enum unwind_end *end) {
    uintptr_t frame = walk->now.rbp, saved_rbx = frame + (uintptr_t)CROSSCALL2_RBX;
    if (frame == 0) { // the goroutine's first frame
        *end = UNWIND_COMPLETE;
        return false;
    }
    *end = UNWIND_UNREADABLE;
    struct registers next = {0};
    if (!read_go(walk, frame, &next.rbp)) {
        return false;
    }
    if (next.rbp == frame + 8) { // crosscall2's second frame pointer: the assembler's own, with the return address, lies above it
        frame = next.rbp;
        if (!read_go(walk, frame, &next.rbp)) {
            return false;
        }
    }
    next.sp = frame + 16;
    if (!read_go(walk, frame + 8, &next.pc) || next.rbp == frame) {
        return false;
    }
    if (!in_go(walk, next.pc) && !read_go(walk, saved_rbx, &next.rbx)) {
        return false;
    }
    walk->now = next;
    return true;
}

static void follow(struct walk *walk, enum unwind_end *end) {
    // The frames of the profiler itself come on top.
    for (uint32_t frames = 0; frames < UNWIND_MAX_FRAMES + 16; frames++) {
        bool go_on = in_go(walk, walk->now.pc) ? step_go(walk, end) : step_c(walk, end);
        if (!go_on) {
            return;
        }
        if (walk->now.pc == 0) { // some hand-written entry points end their stacks so
            *end = UNWIND_COMPLETE;
            return;
        }
        // Recorded as return addresses throughout, so that who names them may always look one byte before.
        if (!record(walk, walk->now.pc + walk->now.exact)) {
            break;
        }
    }
    *end = UNWIND_TOO_DEEP;
}

static inline __attribute__((always_inline)) struct registers registers_here(void) {
    struct registers here = {.exact = true};
    // To memory, so that none of these registers can be an output and be overwritten before it is read.
    __asm__ volatile("lea 0(%%rip), %%rax\n\t"
                     "mov %%rax, %0\n\t"
                     "mov %%rsp, %1\n\t"
                     "mov %%rbp, %2\n\t"
                     "mov %%rbx, %3"
                     : "=m"(here.pc), "=m"(here.sp), "=m"(here.rbp), "=m"(here.rbx)
                     :
                     : "rax");
    return here;
}

uint32_t unwind(struct unwinder *unwinder, struct thread_state *thread, uintptr_t caller, uintptr_t *pcs, enum unwind_end *end) {
    struct walk walk = {
        .unwinder = unwinder,
        .thread = thread,
        .now = registers_here(),
        .go_start = atomic_load_explicit(&unwinder->go_text_start, memory_order_relaxed),
        .go_end = atomic_load_explicit(&unwinder->go_text_end, memory_order_relaxed),
        .caller = caller,
        .pcs = pcs,
    };
    stack_memory_enter(thread, walk.now.sp);
    follow(&walk, end);
    if (walk.count == 0) { // the walk did not even reach the caller
        pcs[walk.count++] = caller;
    }
    return walk.count;
}
