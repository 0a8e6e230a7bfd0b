// stack_memory.h: reads words of stacks, and never faults: an address is read only where a page is known to be mapped.
//
// Three kinds of stack, three ways to know:
//   the thread's own stack   Its top is known: the thread's control block (glibc puts it there), or the start of main. Once every page from
//                            the present one up to the top has been probed, the range is remembered in thread_state: it lives as long as
//                            the thread. Afterwards a read costs two comparisons.
//   goroutine stacks         Lie in Go's heap arenas, which Go never unmaps. A page probed once is remembered for the whole process.
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

enum { STACK_MEMORY_PAGES = 4096 };

struct stack_memory {
    _Atomic uintptr_t go_pages[STACK_MEMORY_PAGES]; // page addresses known to be mapped; direct-mapped cache
};

enum stack_kind { STACK_NATIVE, STACK_GO };

// Makes the thread's own stack known, or not, if stack_pointer lies on another one.
void stack_memory_enter(struct thread_state *thread, uintptr_t stack_pointer);

// False: not a readable, 8-byte aligned address.
bool stack_memory_read(struct stack_memory *memory, const struct thread_state *thread, enum stack_kind kind, uintptr_t address,
                       uintptr_t *word);

#endif
