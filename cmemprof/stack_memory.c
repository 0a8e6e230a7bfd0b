// stack_memory.c (unwind): see stack_memory.h.

#include "stack_memory.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "thread_pointer.h"

// Maximum depth of a thread's own stack. The kernel leaves at least 128 MiB between the main stack and other mappings.
#define MAX_OWN_STACK_BYTES ((uintptr_t)64 << 20)
// Per sample: 256 pages take some 25 us.
enum { MAX_PROBES = 256 };

// Around an address in Go's heap. Go's alternative heap addresses are 256 GiB apart and also Go's.
#define GO_SPACE_BELOW_BYTES ((uintptr_t)32 << 30)
#define GO_SPACE_BYTES ((uintptr_t)256 << 30)
// Other mappings must be so far away that they cannot grow into the heap's space: as far as that space is long.
#define GO_SPACE_MARGIN_BYTES GO_SPACE_BYTES

bool stack_memory_is_mapped(uintptr_t page) {
    int saved = errno;
    bool mapped = page != 0 && syscall(SYS_rt_sigprocmask, ~0, page, NULL, 8) == -1 && errno == EINVAL;
    errno = saved;
    return mapped;
}

static bool is_readable(uintptr_t address, size_t size) {
    uintptr_t page = stack_memory_page(address), last = stack_memory_page(address + size - 1);
    while (page != last && stack_memory_is_mapped(page)) {
        page += STACK_MEMORY_PAGE_BYTES;
    }
    return stack_memory_is_mapped(page);
}

// Returns -1 if it is forbidden, by seccomp; else whether all was copied.
static int copy(void *to, uintptr_t address, size_t size) {
    struct iovec local = {to, size}, remote = {(void *)address, size};
    int saved = errno;
    ssize_t got = size != 0 && address + size > address ? process_vm_readv(getpid(), &local, 1, &remote, 1, 0) : 0;
    bool is_forbidden = got < 0 && (errno == EPERM || errno == ENOSYS);
    errno = saved;
    return is_forbidden ? -1 : got == (ssize_t)size;
}

bool stack_memory_copy(void *to, uintptr_t address, size_t size) {
    int copied = copy(to, address, size);
    if (copied < 0 && is_readable(address, size)) {
        memcpy(to, (const void *)address, size);
        return true;
    }
    return copied > 0;
}

bool stack_memory_copy_others(void *to, uintptr_t address, size_t size) {
    return copy(to, address, size) > 0;
}

// The address just above the thread's stack, as far as it can be known without a lock.
static uintptr_t stack_top(void) {
    uintptr_t top = getpid() == (pid_t)syscall(SYS_gettid) ? (uintptr_t)getauxval(AT_RANDOM) : thread_pointer_get();
    return top & ~(uintptr_t)7;
}

void stack_memory_enter(struct thread_state *thread, uintptr_t stack_pointer) {
    if (stack_pointer >= thread->stack_low && stack_pointer < thread->stack_high) {
        return;
    }
    uintptr_t top = thread->stack_high != 0 ? thread->stack_high : stack_top();
    uintptr_t low = thread->stack_high != 0 ? thread->stack_low : stack_memory_page(top - 1) + STACK_MEMORY_PAGE_BYTES;
    uintptr_t wanted = stack_memory_page(stack_pointer);
    if (stack_pointer >= top || top - stack_pointer > MAX_OWN_STACK_BYTES) {
        return;
    }
    // Pages contiguous with the top are this stack, whether or not stack_pointer is on it: a guard page or gap ends it.
    for (int probes = 0; low > wanted && probes < MAX_PROBES && stack_memory_is_mapped(low - STACK_MEMORY_PAGE_BYTES); probes++) {
        low -= STACK_MEMORY_PAGE_BYTES;
    }
    if (low < top) {
        thread->stack_low = low;
        atomic_signal_fence(memory_order_seq_cst); // a signal handler that comes between finds no stack, rather than one from 0 on
        thread->stack_high = top;
    }
}

static bool is_far_from(uintptr_t start, uintptr_t address) {
    return address - (start - GO_SPACE_MARGIN_BYTES) >= GO_SPACE_BYTES + 2 * GO_SPACE_MARGIN_BYTES;
}

// Where the kernel maps without an address hint; later mappings follow below, or above in the legacy layout. Returns 0 if unknown.
static uintptr_t mmap_base(void) {
    int saved = errno;
    void *page = mmap(NULL, STACK_MEMORY_PAGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (page != MAP_FAILED) {
        munmap(page, STACK_MEMORY_PAGE_BYTES);
    }
    errno = saved;
    return page != MAP_FAILED ? (uintptr_t)page : 0;
}

void stack_memory_set_go_heap(struct stack_memory *memory, uintptr_t address) {
    static const char program = 0;
    uintptr_t start = stack_memory_page(address) - GO_SPACE_BELOW_BYTES, mappings = mmap_base();
    // The program may be at low addresses, with malloc's heap above it.
    bool alone = address > GO_SPACE_BELOW_BYTES + GO_SPACE_MARGIN_BYTES && mappings != 0 && is_far_from(start, mappings) &&
                 is_far_from(start, (uintptr_t)&program) && is_far_from(start, (uintptr_t)sbrk(0)) &&
                 is_far_from(start, (uintptr_t)getauxval(AT_RANDOM)) && is_far_from(start, (uintptr_t)getauxval(AT_PHDR));
    uintptr_t unknown = 0;
    if (alone) {
        atomic_compare_exchange_strong_explicit(&memory->go_start, &unknown, start, memory_order_relaxed, memory_order_relaxed);
    }
}

bool stack_memory_is_not_go(struct stack_memory *memory, uintptr_t address) {
    uintptr_t start = atomic_load_explicit(&memory->go_start, memory_order_relaxed);
    return start != 0 && address - start >= GO_SPACE_BYTES;
}

bool stack_memory_is_go(struct stack_memory *memory, uintptr_t page) {
    uintptr_t start = atomic_load_explicit(&memory->go_start, memory_order_relaxed);
    if (start == 0 || page - start >= GO_SPACE_BYTES) {
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
