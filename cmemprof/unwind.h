// unwind.h (unwind): the calling thread's stack, C and Go frames together.
//
// C frames are unwound by call-frame information (cfi.h). Go has none, but keeps a frame pointer chain:
//
//   malloc <- C function <- ... <- runtime.asmcgocall | <- runtime.cgocall <- _Cfunc_x <- Go function <- ... <- main.main
//   thread's stack, call-frame information            | goroutine's stack: pc = fp[1], fp = fp[0]
//
// asmcgocall switches stacks. It saves on the thread's stack the goroutine and its stack depth (distance from the upper end), which is how
// both Go and this unwinder return. On amd64 RBP, which C preserves, held the goroutine's frame pointer at the call. But if C calls back
// into Go, the goroutine's stack may be moved, and the old address would hold something else. While no Go code runs on the thread its
// goroutine's stack cannot move, so it is stable during a walk.
//
// From a callback the chain leads from cgocallback to crosscall2 on the thread's stack, whose return address is in C, where call-frame
// information takes over. Until then each frame must lie above the previous one and on the goroutine's stack; otherwise the stack is cut
// there and counted. The same holds for every return into Go if Go has not said where asmcgocall is.
//
// Code without call-frame information (a JIT) is unwound by its frame pointer if that is beyond doubt, which is counted; otherwise the
// stack ends there.
//
// The last walk is kept in a memo (unwind_memo.h), and unchanged parts are not walked again.
//
// Every word is read from memory known to be mapped (stack_memory.h), so a broken chain ends the stack and never faults.
//
// Threads: any, also inside malloc and in signal handlers. No lock, no allocation.
#ifndef CMEMPROF_UNWIND_H
#define CMEMPROF_UNWIND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"
#include "cfi_cache.h"
#include "machine.h"
#include "stack_memory.h"
#include "thread_state.h"
#include "unwind_memo.h"

struct unwinder {
    _Atomic uintptr_t go_text_start, go_text_end;   // [start, end); both 0: no Go
    _Atomic uintptr_t go_call_start, go_call_end;   // asmcgocall; both 0: unknown
    _Atomic uintptr_t go_panic_start, go_panic_end; // sigpanic, if the frame pointers above it are unreliable; both 0: they are reliable
    _Atomic uint64_t generation; // of the unwind tables: odd while code is being unmapped; top 16 bits: unloadings in progress
    _Atomic uint64_t fallbacks;  // relaxed counter of frames unwound by frame pointer for lack of a rule
    struct cfi_cache rows;
    struct stack_memory memory;
};

static inline bool unwind_is_go(const struct unwinder *unwinder, uintptr_t pc) {
    return pc >= atomic_load_explicit(&unwinder->go_text_start, memory_order_relaxed) &&
           pc < atomic_load_explicit(&unwinder->go_text_end, memory_order_relaxed);
}

// Returns true if the walk would repeat the last one completely.
static inline bool unwind_is_repeated(const struct unwinder *unwinder, const struct thread_state *thread, const struct unwind_start *start,
                                      const struct unwind_repeat *last) {
    return start->sp == last->sp && start->pc == last->pc && (start->fp == last->fp || last->any_fp) && !start->exact &&
           atomic_load_explicit(&unwinder->generation, memory_order_acquire) == last->generation && thread->stack_low <= last->stack_low &&
           thread->stack_high >= last->stack_high && unwind_changed_read(last->reads, last->reads_end) == last->reads_end;
}
bool unwind_stack_slow(struct unwinder *unwinder, struct thread_state *thread, struct unwind_start start, struct unwind_memo *memo);

// Fills memo with the stack that begins at start. The caller must own the memo; all zeros is an empty one. Returns true if it is the stack
// that memo already held (pcs, depth_frames and end unchanged). Set depth_frames to 0 to get false the next time. With start.exact, as
// in a signal handler, the first of pcs is pc + 1, so that pc - 1 is in the instruction, as for return addresses. Inlined for the common
// case that nothing changed.
static inline __attribute__((always_inline)) bool unwind_stack(struct unwinder *unwinder, struct thread_state *thread,
                                                               const struct unwind_start *start, struct unwind_memo *memo) {
    return __builtin_expect(memo->depth_frames != 0 && unwind_is_repeated(unwinder, thread, start, &memo->repeat), 1) ||
           unwind_stack_slow(unwinder, thread, *start, memo);
}

// The same from this call on, without the frames inside of caller, the return address of a running function.
bool unwind_stack_from_here(struct unwinder *unwinder, struct thread_state *thread, uintptr_t caller, struct unwind_memo *memo);

// For a call from Go into C that has not called back into Go: returns its return address in asmcgocall. Returns 0 if what asmcgocall saved
// does not lead to the same frame as RBP (amd64) or to a frame of Go's (arm64), so this Go version is unknown. *goroutine: which one has
// called; 0 if it was the thread's own. Clears the memo's stack. Not inside malloc.
uintptr_t unwind_find_go_call(struct unwinder *unwinder, struct thread_state *thread, struct unwind_memo *memo, uintptr_t *goroutine);

// Sets Go's code range, [start, end). This and the functions below invalidate all memos.
void unwind_set_go_text(struct unwinder *unwinder, uintptr_t start, uintptr_t end);

// Sets the range of asmcgocall.
void unwind_set_go_call(struct unwinder *unwinder, uintptr_t start, uintptr_t end);

// Sets the range of sigpanic, for a Go that does not adjust the panicking function's frame pointer when it moves the stack.
void unwind_set_go_panic(struct unwinder *unwinder, uintptr_t start, uintptr_t end);

// Call around dlclose. Clears the row cache and invalidates memos until the last concurrent unloading is done.
void unwind_before_unload(struct unwinder *unwinder);
void unwind_after_unload(struct unwinder *unwinder);
// Call if code was unmapped in another way. Clears the row cache and invalidates memos.
void unwind_forget_code(struct unwinder *unwinder);
// Call in a forked child whose only thread is inside that many dlclose calls.
void unwind_after_fork(struct unwinder *unwinder, unsigned unloadings);

#endif
