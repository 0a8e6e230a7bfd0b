// unwind.h: the call stack of the calling thread, C frames and Go frames together.
//
// C frames are followed by call-frame information (cfi.h). Go has none, but keeps a chain of frame pointers:
//
//   malloc <- C function <- ... <- runtime.asmcgocall | <- runtime.cgocall <- _Cfunc_x <- Go function <- ... <- main.main
//   thread's stack, call-frame information            | goroutine's stack: pc = rbp[1], rbp = rbp[0]
//
// asmcgocall changes the stack but has no frame and leaves RBP alone, and C preserves RBP, so the RBP that unwinding C restores at the
// return into Go is the goroutine's frame pointer. The goroutine's stack cannot move while it is in a C call. When C calls back into Go the
// chain leads from cgocallback to crosscall2, on the thread's stack again, whose return address is in C: there call-frame information takes
// over.
//
// Every word is read through stack_memory.h, so a chain that leads nowhere ends the stack and never faults.
// Threads: any, also inside malloc and in a signal handler. No lock, no allocation.
#ifndef CMEMPROF_UNWIND_H
#define CMEMPROF_UNWIND_H

#include <stdint.h>

#include "namespace.h"
#include "row_cache.h"
#include "stack_memory.h"
#include "thread_state.h"

enum { UNWIND_MAX_FRAMES = 512 };

struct unwinder {
    _Atomic uintptr_t go_text_start, go_text_end; // [start, end); both 0: no Go here
    struct row_cache rows;
    struct stack_memory memory;
};

enum unwind_end {
    UNWIND_COMPLETE,    // down to the thread's or the goroutine's first function
    UNWIND_NO_RULE,     // code without call-frame information
    UNWIND_UNSUPPORTED, // a rule that cfi.h does not know
    UNWIND_UNREADABLE,  // the next frame is not in readable memory
    UNWIND_TOO_DEEP,    // more than UNWIND_MAX_FRAMES
    UNWIND_END_COUNT
};

// Return addresses into pcs (room for UNWIND_MAX_FRAMES), beginning with caller, the return address of a function that is running now and
// outside of this call: frames before it are left out. Returns how many, at least 1.
uint32_t unwind(struct unwinder *unwinder, struct thread_state *thread, uintptr_t caller, uintptr_t *pcs, enum unwind_end *end);

#endif
