// hook_names.h (hook): the linker names of the hooks; see interposition.h. Must be the first include of a file that defines a hook, so that
// system declarations and the members of struct real_allocator get the same names as the rest of that file.
//
// Sanitizer builds leave the hooks out (HOOKS_ARE_LEFT_OUT): instrumented hooks would run before the sanitizer is initialised. `go build
// -asan` and `-msan` build all C code that way.
#ifndef CMEMPROF_HOOK_NAMES_H
#define CMEMPROF_HOOK_NAMES_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HOOKS_ARE_LEFT_OUT
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer)
#define HOOKS_ARE_LEFT_OUT
#endif
#endif

#ifdef CMEMPROF_STATIC
#define malloc __wrap_malloc
#define calloc __wrap_calloc
#define realloc __wrap_realloc
#define reallocarray __wrap_reallocarray
#define free __wrap_free
#define posix_memalign __wrap_posix_memalign
#define aligned_alloc __wrap_aligned_alloc
#define memalign __wrap_memalign
#define valloc __wrap_valloc
#define pvalloc __wrap_pvalloc
#define malloc_usable_size __wrap_malloc_usable_size
#define dlclose __wrap_dlclose
#define mmap __wrap_mmap
#define mmap64 __wrap_mmap64
#define munmap __wrap_munmap
#define mremap __wrap_mremap
#define shmat __wrap_shmat
#define shmdt __wrap_shmdt
#define pthread_create __wrap_pthread_create
#define HOOK_MALLOC_NAME "__wrap_malloc"
#else
#define HOOK_MALLOC_NAME "malloc"
#endif

#include <stddef.h>

void *pvalloc(size_t size); // musl does not declare it

#endif
