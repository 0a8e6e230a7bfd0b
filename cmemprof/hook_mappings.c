// hook_mappings.c (hook): mmap and its relatives, as bound in the whole process: calls by name, from the program and its libraries.
//
// The kernel gets exactly the program's call, and the program its answer and errno. What was mapped and unmapped is noted (mappings.h):
// unmappings before the call, mappings after it, as mapping_log.h explains.
//
// Takes no lock, allocates nothing, prints nothing, never calls Go: allocators call these inside malloc, and programs in signal handlers.

#include "hook_names.h"

#ifndef HOOKS_ARE_LEFT_OUT

#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "mapped_ranges.h"
#include "mappings.h"
#include "real_allocator.h"

#define EXPORTED __attribute__((visibility("default"), used))
// The hook's own caller.
#define HERE (&(struct mapping_call){(uintptr_t)__builtin_return_address(0), MACHINE_FRAME})

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#define HUGE_PAGE_SHIFT 26 // of the page size's logarithm in the flags; 0: the default size

static enum mapping_kind kind_of(int flags) {
    if ((flags & MAP_ANONYMOUS) == 0) {
        return MAPPING_FILE;
    }
    return (flags & MAP_TYPE) == MAP_PRIVATE ? MAPPING_ANONYMOUS : MAPPING_SHARED;
}

// Huge pages are mapped whole, also if less was asked for.
static size_t mapped_size(size_t size, int flags) {
    if ((flags & MAP_HUGETLB) == 0 || (flags & MAP_ANONYMOUS) == 0) {
        return size;
    }
    unsigned shift = (unsigned)flags >> HUGE_PAGE_SHIFT;
    size_t page = (size_t)1 << (shift != 0 ? shift : 21);
    return (size + page - 1) & ~(page - 1);
}

// A call that fails for want of memory may have unmapped what was at a fixed address.
static void note_map(void *base, size_t size, int protection, int flags, const struct mapping_call *call) {
    if (base != MAP_FAILED && protection == PROT_NONE && (flags & MAP_ANONYMOUS) != 0) {
        mappings_reserved(&profiler, size, call);
    }
    if (base != MAP_FAILED) {
        mappings_added(&profiler, (uintptr_t)base, mapped_size(size, flags), kind_of(flags), call);
    } else if ((flags & MAP_FIXED) != 0 && errno == ENOMEM) {
        mappings_doubted(&profiler, false);
    }
}

EXPORTED void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
    void *base = real_allocator.mmap(address, size, protection, flags, file, offset);
    note_map(base, size, protection, flags, HERE);
    return base;
}

// The name that programs with _FILE_OFFSET_BITS=64 call. musl's header makes it another word for mmap.
#ifndef CMEMPROF_STATIC
#undef mmap64
#endif
void *mmap64(void *address, size_t size, int protection, int flags, int file, off_t offset);
EXPORTED void *mmap64(void *address, size_t size, int protection, int flags, int file, off_t offset) {
    void *base = real_allocator.mmap(address, size, protection, flags, file, offset);
    note_map(base, size, protection, flags, HERE);
    return base;
}

EXPORTED int munmap(void *address, size_t size) {
    mappings_removed(&profiler, (uintptr_t)address, size);
    int result = real_allocator.munmap(address, size);
    if (result != 0 && errno == ENOMEM) { // the kernel has too many areas: all stays mapped
        mappings_doubted(&profiler, true);
    }
    return result;
}

EXPORTED void *mremap(void *address, size_t size, size_t new_size, int flags, ...) {
    void *new_address = NULL;
    if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0) {
        va_list arguments;
        va_start(arguments, flags);
        new_address = va_arg(arguments, void *);
        va_end(arguments);
    }
    bool stays = size == 0 || (flags & MREMAP_DONTUNMAP) != 0;
    uint32_t mover = mappings_leaving(&profiler, (uintptr_t)address, size, stays);
    void *base = real_allocator.mremap(address, size, new_size, flags, new_address);
    mappings_arrived(&profiler, mover, (uintptr_t)address, size, base != MAP_FAILED ? (uintptr_t)base : 0, new_size, HERE);
    if (base == MAP_FAILED && (flags & MREMAP_FIXED) != 0 && errno != EINVAL) {
        mappings_doubted(&profiler, false); // what was at the new address may be gone
    }
    return base;
}

// ---- System V shared memory ----

EXPORTED void *shmat(int id, const void *address, int flags) {
    void *base = real_allocator.shmat(id, address, flags);
    struct shmid_ds segment;
    int saved = errno;
    if (base != (void *)-1 && mapped_ranges_are_open(&profiler)) {
        if (shmctl(id, IPC_STAT, &segment) == 0) {
            mappings_added(&profiler, (uintptr_t)base, segment.shm_segsz, MAPPING_SEGMENT, HERE);
        } else { // the caller may attach it and not ask for its size
            mappings_doubted(&profiler, true);
        }
    }
    errno = saved;
    return base;
}

EXPORTED int shmdt(const void *address) {
    mappings_detached(&profiler, (uintptr_t)address);
    return real_allocator.shmdt(address);
}

#endif
