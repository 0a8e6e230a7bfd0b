// stack_memory.c: see stack_memory.h.

#include "stack_memory.h"

#include <errno.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

// How far below its top a thread's own stack may reach. Between the main stack and everything else the kernel leaves 128 MiB at least.
#define MOST_OWN_STACK_BYTES ((uintptr_t)64 << 20)
// Probes of one sample: 256 pages take some 25 us.
enum { MOST_PROBES = 256 };

// Go's first arenas; the next place it would try is 1 TiB further up.
#define GO_ARENAS_START ((uintptr_t)0xc000000000)
#define GO_ARENAS_END ((uintptr_t)0x10000000000)

bool stack_memory_is_mapped(uintptr_t page) {
    int saved = errno;
    bool mapped = page != 0 && syscall(SYS_rt_sigprocmask, ~0, page, NULL, 8) == -1 && errno == EINVAL;
    errno = saved;
    return mapped;
}

// The address just above the thread's stack, as far as anybody can tell without a lock.
static uintptr_t stack_top(void) {
    uintptr_t top = getpid() == (pid_t)syscall(SYS_gettid) ? (uintptr_t)getauxval(AT_RANDOM) : (uintptr_t)__builtin_thread_pointer();
    return top & ~(uintptr_t)7;
}

void stack_memory_enter(struct thread_state *thread, uintptr_t stack_pointer) {
    if (stack_pointer >= thread->stack_low && stack_pointer < thread->stack_high) {
        return;
    }
    uintptr_t top = thread->stack_high != 0 ? thread->stack_high : stack_top();
    uintptr_t low = thread->stack_high != 0 ? thread->stack_low : stack_memory_page(top - 1) + STACK_MEMORY_PAGE_BYTES;
    uintptr_t wanted = stack_memory_page(stack_pointer);
    if (stack_pointer >= top || top - stack_pointer > MOST_OWN_STACK_BYTES) {
        return;
    }
    // What hangs together with the top is this stack, whether or not stack_pointer lies on it: a guard page or a gap ends it.
    for (int probes = 0; low > wanted && probes < MOST_PROBES && stack_memory_is_mapped(low - STACK_MEMORY_PAGE_BYTES); probes++) {
        low -= STACK_MEMORY_PAGE_BYTES;
    }
    if (low < top) {
        thread->stack_low = low;
        thread->stack_high = top;
    }
}

bool stack_memory_is_go(struct stack_memory *memory, uintptr_t page) {
    if (page < GO_ARENAS_START || page >= GO_ARENAS_END) {
        return false;
    }
    _Atomic uintptr_t *slot = &memory->go_pages[page / STACK_MEMORY_PAGE_BYTES % STACK_MEMORY_PAGES];
    if (atomic_load_explicit(slot, memory_order_relaxed) == page) {
        return true;
    }
    if (!stack_memory_is_mapped(page)) {
        return false;
    }
    atomic_store_explicit(slot, page, memory_order_relaxed);
    return true;
}
