// stack_memory.c: see stack_memory.h.

#include "stack_memory.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE_BYTES ((uintptr_t)4096)
// Deepest own stack that is probed page by page: 8 MiB, the usual RLIMIT_STACK. Deeper ones are probed at every sample, as foreign stacks
// are.
#define MOST_OWN_STACK_BYTES ((uintptr_t)8 << 20)

// Set by the loader on the main thread: where main's stack began. Not in every libc.
extern void *__libc_stack_end __attribute__((weak));

static uintptr_t page_of(uintptr_t address) {
    return address & ~(PAGE_BYTES - 1);
}

static bool page_is_mapped(uintptr_t page) {
    int saved = errno;
    bool mapped = syscall(SYS_rt_sigprocmask, ~0, page, NULL, 8) == -1 && errno == EINVAL;
    errno = saved;
    return mapped;
}

// The address just above the thread's stack, as far as anybody can tell without a lock.
static uintptr_t stack_top(void) {
    if (getpid() == (pid_t)syscall(SYS_gettid)) {
        return &__libc_stack_end != NULL ? (uintptr_t)__libc_stack_end : 0;
    }
    return (uintptr_t)__builtin_thread_pointer();
}

static bool all_mapped(uintptr_t low_page, uintptr_t high) {
    for (uintptr_t page = low_page; page < high; page += PAGE_BYTES) {
        if (!page_is_mapped(page)) {
            return false;
        }
    }
    return true;
}

void stack_memory_enter(struct thread_state *thread, uintptr_t stack_pointer) {
    if (stack_pointer >= thread->stack_low && stack_pointer < thread->stack_high) {
        return;
    }
    uintptr_t low = page_of(stack_pointer);
    uintptr_t top = thread->stack_high != 0 ? thread->stack_high : stack_top();
    uintptr_t known_low = thread->stack_high != 0 ? thread->stack_low : top;
    if (stack_pointer >= top || top - stack_pointer > MOST_OWN_STACK_BYTES || !all_mapped(low, known_low)) {
        return;
    }
    thread->stack_low = low;
    thread->stack_high = top;
}

static bool go_page_is_mapped(struct stack_memory *memory, uintptr_t page) {
    _Atomic uintptr_t *slot = &memory->go_pages[page / PAGE_BYTES % STACK_MEMORY_PAGES];
    if (atomic_load_explicit(slot, memory_order_relaxed) == page) {
        return true;
    }
    if (!page_is_mapped(page)) {
        return false;
    }
    atomic_store_explicit(slot, page, memory_order_relaxed);
    return true;
}

bool stack_memory_read(struct stack_memory *memory, const struct thread_state *thread, enum stack_kind kind, uintptr_t address,
                       uintptr_t *word) {
    if ((address & 7) != 0) {
        return false;
    }
    if (address < thread->stack_low || address >= thread->stack_high) {
        uintptr_t page = page_of(address);
        if (page == 0 || !(kind == STACK_GO ? go_page_is_mapped(memory, page) : page_is_mapped(page))) {
            return false;
        }
    }
    *word = *(const uintptr_t *)address;
    return true;
}
