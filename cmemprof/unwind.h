// unwind.h: the call stack of the calling thread, C frames and Go frames together.
//
// C frames are followed by call-frame information (cfi.h). Go has none, but keeps a chain of frame pointers:
//
//   malloc <- C function <- ... <- runtime.asmcgocall | <- runtime.cgocall <- _Cfunc_x <- Go function <- ... <- main.main
//   thread's stack, call-frame information            | goroutine's stack: pc = rbp[1], rbp = rbp[0]
//
// asmcgocall changes the stack, and leaves on the thread's stack the goroutine and how far below the upper end of its stack it was. That is
// the way back, as it is for Go itself. RBP, which C preserves, was the goroutine's frame pointer when C was called; but when C calls back
// into Go the goroutine's stack may grow or shrink there, and so move, and whatever is at the old place afterwards would be taken for it.
// While no Go runs on the thread its goroutine's stack stays where it is, so it does during a walk.
//
// From a callback the chain leads from cgocallback to crosscall2, on the thread's stack again, whose return address is in C: there
// call-frame information takes over. Until then each frame must lie further out than the one before, and on the goroutine's stack; if not,
// the stack is cut there, and counted. So it is at every return into Go if Go has not said where asmcgocall lies.
//
// Code without call-frame information (a JIT) is followed by its frame pointer where there is one that is beyond doubt, which is counted;
// else the stack ends there.
//
// The last walk is kept in a memo (unwind_memo.h), and what did not change since is not walked again.
//
// Every word is read from memory that is known to be mapped (stack_memory.h), so a chain that leads nowhere ends the stack and never
// faults. Threads: any, also inside malloc and in a signal handler. No lock, no allocation.
#ifndef CMEMPROF_UNWIND_H
#define CMEMPROF_UNWIND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"
#include "cfi_cache.h"
#include "stack_memory.h"
#include "thread_state.h"
#include "unwind_memo.h"

struct unwinder {
    _Atomic uintptr_t go_text_start, go_text_end;   // [start, end); both 0: no Go here
    _Atomic uintptr_t go_call_start, go_call_end;   // asmcgocall; both 0: not known
    _Atomic uintptr_t go_panic_start, go_panic_end; // sigpanic, where frame pointers above it cannot be relied on; both 0: they can
    _Atomic uint64_t generation; // of the unwind tables: odd while code is being unmapped, by as many as its upper 16 bits say
    _Atomic uint64_t fallbacks;  // frames followed by frame pointer for want of a rule; relaxed, a counter
    struct cfi_cache rows;
    struct stack_memory memory;
};

// Where a stack begins: a function that was called, as it is after the return. Of its registers RBP is known, and RBX may be.
struct unwind_start {
    uintptr_t pc, sp, rbp, rbx;
    bool rbx_known;
    bool exact; // pc is the next instruction of a thread that was interrupted, and not a return address
};

// A thread that was interrupted: pc is the instruction that comes next.
struct unwind_registers {
    uintptr_t pc, sp, rbp, rbx;
};

// The walk would be the last one from its start to its end.
static inline bool unwind_is_repeated(const struct unwinder *unwinder, const struct thread_state *thread, const struct unwind_start *start,
                                      const struct unwind_repeat *last) {
    return start->sp == last->sp && start->pc == last->pc && (start->rbp == last->rbp || last->any_rbp) && !start->exact &&
           atomic_load_explicit(&unwinder->generation, memory_order_acquire) == last->generation && thread->stack_low <= last->stack_low &&
           thread->stack_high >= last->stack_high && unwind_changed_read(last->reads, last->reads_end) == last->reads_end;
}
bool unwind_stack_anew(struct unwinder *unwinder, struct thread_state *thread, struct unwind_start start, struct unwind_memo *memo);

// Fills memo with the stack that begins at start. The memo belongs to the caller alone meanwhile; all 0 is an empty one.
// True: it is the very stack that memo held before (pcs, depth_frames and end as they were). A caller that sets depth_frames to 0 hears
// false the next time. Inline for the short way of the common case, that nothing has changed.
static inline __attribute__((always_inline)) bool unwind_stack(struct unwinder *unwinder, struct thread_state *thread,
                                                               const struct unwind_start *start, struct unwind_memo *memo) {
    return __builtin_expect(memo->depth_frames != 0 && unwind_is_repeated(unwinder, thread, start, &memo->repeat), 1) ||
           unwind_stack_anew(unwinder, thread, *start, memo);
}

// The same from this call on, without the frames before caller, the return address of a function that is running now.
bool unwind_stack_from_here(struct unwinder *unwinder, struct thread_state *thread, uintptr_t caller, struct unwind_memo *memo);

// The same from registers that a signal handler was given. The first of pcs is pc + 1, so that whoever looks one byte before it, as for the
// others, is at the instruction.
bool unwind_stack_from_registers(struct unwinder *unwinder, struct thread_state *thread, const struct unwind_registers *registers,
                                 struct unwind_memo *memo);

// For a call from Go into C that has not called Go back: its return address, in asmcgocall. 0: what asmcgocall has stored does not lead to
// the same frame as RBP, so this is a Go that is not known. The stack of memo is forgotten. Not inside malloc.
uintptr_t unwind_find_go_call(struct unwinder *unwinder, struct thread_state *thread, struct unwind_memo *memo);

// Where Go's code lies: [start, end). Memos count for nothing then, as with all that follows.
void unwind_set_go_text(struct unwinder *unwinder, uintptr_t start, uintptr_t end);

// Where asmcgocall lies.
void unwind_set_go_call(struct unwinder *unwinder, uintptr_t start, uintptr_t end);

// Where sigpanic lies, in a Go that does not correct the frame pointer of the function that panicked when the stack moves.
void unwind_set_go_panic(struct unwinder *unwinder, uintptr_t start, uintptr_t end);

// Around dlclose: before the code goes away and after it went. Forgets the rows, and memos count for nothing, until the last of those who
// are at it at one time is done.
void unwind_before_unload(struct unwinder *unwinder);
void unwind_after_unload(struct unwinder *unwinder);
// Code went away in another way. Forgets the rows and memos.
void unwind_forget_code(struct unwinder *unwinder);
// In a forked child, whose only thread is within so many.
void unwind_after_fork(struct unwinder *unwinder, unsigned unloadings);

#endif
