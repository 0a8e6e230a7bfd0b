// reserved_memory.c (tables): see reserved_memory.h.

#include "reserved_memory.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { SHARE_OF_LIMIT = 32 };

size_t reserved_memory_share(size_t wanted_bytes) {
    struct rlimit limit;
    bool limited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    return limited && limit.rlim_cur / SHARE_OF_LIMIT < wanted_bytes ? limit.rlim_cur / SHARE_OF_LIMIT : wanted_bytes;
}

uint8_t *reserved_memory_map(size_t size_bytes) {
    int saved = errno;
    void *base = mmap(NULL, size_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base != MAP_FAILED) {
        // With transparent huge pages "always" the first byte would otherwise make 2 MiB resident.
        madvise(base, size_bytes, MADV_NOHUGEPAGE);
    }
    errno = saved;
    return base != MAP_FAILED ? base : NULL;
}

// Several threads may do the same at once; accessible pages stay so.
bool reserved_memory_open_slow(uint8_t *base, size_t size_bytes, _Atomic size_t *open_bytes, size_t end) {
    size_t open = atomic_load_explicit(open_bytes, memory_order_relaxed);
    size_t wanted = size_bytes - end > RESERVED_MEMORY_STEP_BYTES ? end + RESERVED_MEMORY_STEP_BYTES : size_bytes;
    wanted -= wanted < size_bytes ? wanted % RESERVED_MEMORY_STEP_BYTES : 0; // round down to a step, but not below end
    int saved = errno;
    bool opened = open >= wanted || mprotect(base + open, wanted - open, PROT_READ | PROT_WRITE) == 0;
    errno = saved;
    while (opened && open < wanted &&
           !atomic_compare_exchange_weak_explicit(open_bytes, &open, wanted, memory_order_relaxed, memory_order_relaxed)) {
    }
    return opened;
}
