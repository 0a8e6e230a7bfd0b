// interposition.c (hook): dynamic programs, by the loader; interposition_static.c covers static ones.

#ifndef CMEMPROF_STATIC

#include "interposition.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>

#include "thread_state.h"

enum { PAGE_BYTES = 4096 };

// hook.c's malloc by a private name, since `malloc` here is whatever the process has bound. NULL: the linker found another malloc first, a
// sanitizer's, and left hook.c out of the program.
extern void *hook_malloc(size_t size) __attribute__((weak, visibility("hidden")));

void *interposition_next(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

void *interposition_next_in_object(const void *function, const char *name) {
    Dl_info info, other_info;
    void *other = dlsym(RTLD_NEXT, name);
    bool beside = other && dladdr(function, &info) != 0 && dladdr(other, &other_info) != 0 && info.dli_fbase == other_info.dli_fbase;
    return beside ? other : NULL;
}

bool interposition_other_object(const void *function, uintptr_t *start, uintptr_t *end) {
    Dl_info info, own;
    if (dladdr(function, &info) == 0 || dladdr((const void *)interposition_next, &own) == 0 || info.dli_fbase == own.dli_fbase) {
        return false;
    }
    const ElfW(Ehdr) *elf = info.dli_fbase; // the first segment begins with the header, and the program headers follow
    const ElfW(Phdr) *segments = (const ElfW(Phdr) *)((const uint8_t *)elf + elf->e_phoff);
    uintptr_t bias = 0, limit = 0;
    for (int i = elf->e_phnum - 1; i >= 0; i--) {
        if (segments[i].p_type == PT_LOAD) { // by rising address
            limit = limit != 0 ? limit : segments[i].p_vaddr + segments[i].p_memsz;
            bias = (uintptr_t)elf - segments[i].p_vaddr / PAGE_BYTES * PAGE_BYTES;
        }
    }
    *start = (uintptr_t)elf;
    *end = bias + limit;
    return limit != 0;
}

// Addresses cannot be compared: in a non-PIE program that of malloc may be the PLT entry's. So malloc is called, and the hook's effect is
// observed: it changes one of the thread's countdowns.
static bool reaches_the_hook(void *malloc_function, void *free_function) {
    const uint64_t far = (uint64_t)1 << 60;
    uint64_t before[COUNTDOWNS];
    bool ours = false;
    void *(*allocate)(size_t) = (void *(*)(size_t))malloc_function;
    void (*release)(void *) = (void (*)(void *))free_function;
    if (!allocate || !release) {
        return false;
    }
    volatile uint64_t *left = thread_state.left_bytes;
    for (unsigned i = 0; i < COUNTDOWNS; i++) {
        before[i] = left[i];
        left[i] = far;
    }
    void *volatile block = allocate(1);
    for (unsigned i = 0; i < COUNTDOWNS; i++) {
        ours = ours || left[i] != far;
        left[i] = before[i];
    }
    release(block);
    return ours;
}

// Not RTLD_DEFAULT: Go links c-shared libraries with -Bsymbolic, and those find their own malloc first.
bool interposition_is_active(void) {
    void *program = dlopen(NULL, RTLD_LAZY);
    bool ours = program && &hook_malloc && reaches_the_hook(dlsym(program, "malloc"), dlsym(program, "free"));
    if (program) {
        dlclose(program);
    }
    return ours;
}

#endif
