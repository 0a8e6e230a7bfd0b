// interposition_static.c (hook): fully static programs: with --wrap=x the linker calls libc's x __real_x.

#ifdef CMEMPROF_STATIC

#include "interposition.h"

#include <stddef.h>
#include <string.h>

extern char __real_malloc[], __real_calloc[], __real_realloc[], __real_free[], __real_posix_memalign[], __real_aligned_alloc[],
    __real_memalign[], __real_valloc[], __real_pvalloc[], __real_malloc_usable_size[], __real_dlclose[], __real_pthread_create[];

// Weak: a program may be linked without --wrap for these.
extern char __real_mmap[] __attribute__((weak)), __real_munmap[] __attribute__((weak)), __real_mremap[] __attribute__((weak)),
    __real_shmat[] __attribute__((weak)), __real_shmdt[] __attribute__((weak));

extern char malloc_of_program[] __asm__("malloc"); // what the linker bound the name to
extern char hook_malloc[] __attribute__((visibility("hidden")));

void *interposition_next(const char *name) {
    static const struct {
        const char *name;
        void *function;
    } functions[] = {
        {"malloc", __real_malloc},
        {"calloc", __real_calloc},
        {"realloc", __real_realloc},
        {"free", __real_free},
        {"posix_memalign", __real_posix_memalign},
        {"aligned_alloc", __real_aligned_alloc},
        {"memalign", __real_memalign},
        {"valloc", __real_valloc},
        {"pvalloc", __real_pvalloc},
        {"malloc_usable_size", __real_malloc_usable_size},
        {"dlclose", __real_dlclose},
        {"mmap", __real_mmap},
        {"munmap", __real_munmap},
        {"mremap", __real_mremap},
        {"shmat", __real_shmat},
        {"shmdt", __real_shmdt},
        {"pthread_create", __real_pthread_create},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (strcmp(name, functions[i].name) == 0) {
            return functions[i].function;
        }
    }
    return NULL;
}

// Of allocators that may have been linked; weak, so that this links none.
extern char mallctl[] __attribute__((weak)), MallocExtension_GetNumericProperty[] __attribute__((weak)),
    mi_process_info[] __attribute__((weak)), mallinfo_of_libc[] __asm__("mallinfo") __attribute__((weak)),
    mallinfo2_of_libc[] __asm__("mallinfo2") __attribute__((weak)), libc_start_main[] __asm__("__libc_start_main") __attribute__((weak));

// There is only one object.
void *interposition_next_in_object(const void *function, const char *name) {
    (void)function;
    const struct {
        const char *name;
        void *function;
    } functions[] = {
        {"mallctl", mallctl},
        {"MallocExtension_GetNumericProperty", MallocExtension_GetNumericProperty},
        {"mi_process_info", mi_process_info},
        {"mallinfo", mallinfo_of_libc},
        {"mallinfo2", mallinfo2_of_libc},
        {"__libc_start_main", libc_start_main},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (strcmp(name, functions[i].name) == 0) {
            return functions[i].function;
        }
    }
    return NULL;
}

bool interposition_other_object(const void *function, uintptr_t *start, uintptr_t *end) {
    (void)function;
    (void)start;
    (void)end;
    return false;
}

bool interposition_is_active(void) {
    return &malloc_of_program[0] == &hook_malloc[0];
}

#endif
