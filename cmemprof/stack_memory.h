// stack_memory.h: which memory may be read as a stack without a fault.
//
// Three kinds of stack, three ways to know:
//   the thread's own stack   Its top is known: the thread's control block lies there, and on the main thread the kernel's random bytes.
//   Pages
//                            from there down are probed once and remembered in thread_state: they live as long as the thread. Afterwards a
//                            read costs one comparison. A stack deeper than 1 MiB is made known 1 MiB a sample.
//   goroutine stacks         Lie in Go's heap, whose pages stay readable once they were. A page probed once is remembered for the whole
//                            process. Go's heap grows from one place upward, 0xc000000000 until Go 1.25, a random one since 1.26
//                            (runtime/malloc.go, arenaHints), so an address in it tells where that is. Unless somebody gives one, or if
//                            anything else may come to lie there, its pages count as the third kind, which costs a sample 0.5 us.
//   any other                Alternate signal stacks, coroutines: may go away at any time, so their pages are probed at every sample.
// A probe is rt_sigprocmask with an operation that does not exist: the kernel reads the set first and answers EFAULT or EINVAL, about 100
// ns.
//
// No pthread_getattr_np: it takes a lock of the thread and allocates while it holds it, so under malloc it can wait for itself.
// Threads: any, also inside malloc and in a signal handler. No lock, no allocation; errno is left alone.
#ifndef CMEMPROF_STACK_MEMORY_H
#define CMEMPROF_STACK_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"
#include "thread_state.h"

#define STACK_MEMORY_PAGE_BYTES ((uintptr_t)4096)

enum { STACK_MEMORY_PAGES = 4096 };

struct stack_memory {
    _Atomic uintptr_t go_start;                     // of GO_SPACE_BYTES in which only Go's heap lies; 0: not known
    _Atomic uintptr_t go_pages[STACK_MEMORY_PAGES]; // page addresses known to be mapped; direct-mapped cache
};

static inline uintptr_t stack_memory_page(uintptr_t address) {
    return address & ~(STACK_MEMORY_PAGE_BYTES - 1);
}

// The thread's own stack holds the address. Both ends are multiples of 8, so for a multiple of 8 it holds the whole word.
static inline bool stack_memory_is_own(uintptr_t low, uintptr_t bytes, uintptr_t address) {
    return address - low < bytes;
}

// Makes the thread's own stack known down to stack_pointer, or as far as one sample may, or not, if stack_pointer lies on another stack.
void stack_memory_enter(struct thread_state *thread, uintptr_t stack_pointer);

// The page can be read now.
bool stack_memory_is_mapped(uintptr_t page);

// The address lies in Go's heap. Maps a page for a moment, so this is not for inside malloc.
void stack_memory_set_go_heap(struct stack_memory *memory, uintptr_t address);

// The address is certainly not in Go's heap, where goroutines' stacks are.
bool stack_memory_is_not_go(struct stack_memory *memory, uintptr_t address);

// The page is one of Go's heap, so that it can be read now and for ever.
bool stack_memory_is_go(struct stack_memory *memory, uintptr_t page);

#endif
