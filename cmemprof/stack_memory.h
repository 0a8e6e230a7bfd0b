// stack_memory.h (unwind): which memory can be read as a stack without faulting.
//
// There are three kinds of stack:
//
//   own stack        The top is known: the thread's control block, or on the main thread the kernel's random bytes. Pages below it are
//                    probed once and recorded in thread_state: they live as long as the thread. A read then costs one comparison. A
//                    stack deeper than 1 MiB is recorded 1 MiB per sample.
//   goroutine stack  Part of Go's heap, whose pages stay readable once they were. A probed page is cached for the whole process. Go's heap
//                    grows upward from one address, 0xc000000000 until Go 1.25 and random since 1.26 (runtime/malloc.go, arenaHints), so
//                    any address in it locates the heap. If no address is given, or if other mappings may come to lie there, its pages
//                    count as the third kind, which costs 0.5 us per sample.
//   other            Alternate signal stacks and coroutines: may be unmapped at any time, so their pages are probed for every sample.
//
// A probe is rt_sigprocmask with an invalid operation: the kernel reads the set first and answers EFAULT or EINVAL, in about 100 ns.
//
// pthread_getattr_np is unusable: it allocates while it holds a lock of the thread, so inside malloc it can deadlock on itself.
//
// Threads: any, also inside malloc and in signal handlers. No lock, no allocation; preserves errno.
#ifndef CMEMPROF_STACK_MEMORY_H
#define CMEMPROF_STACK_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "thread_state.h"

#define STACK_MEMORY_PAGE_BYTES ((uintptr_t)4096)

enum { STACK_MEMORY_PAGES = 4096 };

struct stack_memory {
    _Atomic uintptr_t go_start;                     // start of GO_SPACE_BYTES that contain only Go's heap; 0: unknown
    _Atomic uintptr_t go_pages[STACK_MEMORY_PAGES]; // pages known to be mapped; a direct-mapped cache
};

static inline uintptr_t stack_memory_page(uintptr_t address) {
    return address & ~(STACK_MEMORY_PAGE_BYTES - 1);
}

// Returns true if the thread's own stack contains the address. Both ends are multiples of 8, so an aligned word is contained whole.
static inline bool stack_memory_is_own(uintptr_t low, uintptr_t bytes, uintptr_t address) {
    return address - low < bytes;
}

// Records the thread's own stack down to stack_pointer, or as far as one sample may. No effect if stack_pointer is on another stack.
void stack_memory_enter(struct thread_state *thread, uintptr_t stack_pointer);

// Returns true if the page is readable now.
bool stack_memory_is_mapped(uintptr_t page);

// Copies memory that may be unmapped at any moment. Returns false if some of it is not readable. Not for the path of a sample: a system
// call.
bool stack_memory_copy(void *to, uintptr_t address, size_t size);
// The same for memory that other threads unmap. Returns false also where the system call is forbidden (seccomp), instead of taking the
// risk.
bool stack_memory_copy_others(void *to, uintptr_t address, size_t size);

// address is in Go's heap. Maps a page briefly, so not inside malloc.
void stack_memory_set_go_heap(struct stack_memory *memory, uintptr_t address);

// Returns true if the address is certainly not in Go's heap, where goroutine stacks are.
bool stack_memory_is_not_go(struct stack_memory *memory, uintptr_t address);

// Returns true if the page is in Go's heap: readable now and from then on.
bool stack_memory_is_go(struct stack_memory *memory, uintptr_t page);

#endif
