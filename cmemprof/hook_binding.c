// hook_binding.c: the loader's way; hook_binding_static.c has the linker's.

#ifndef CMEMPROF_STATIC

#include "hook_binding.h"

#include <dlfcn.h>
#include <stddef.h>

// hook.c's malloc under a name of its own, since the name malloc is what the process has bound it to, in here as well. NULL: the linker
// found another malloc before it came to hook.c, a sanitizer's, and left hook.c out of the program.
extern void *hook_malloc(size_t size) __attribute__((weak, visibility("hidden")));

void *hook_binding_next(const char *name) {
    return dlsym(RTLD_NEXT, name);
}

void *hook_binding_beside(const void *function, const char *name) {
    Dl_info info, other_info;
    void *other = dlsym(RTLD_NEXT, name);
    bool beside =
        other != NULL && dladdr(function, &info) != 0 && dladdr(other, &other_info) != 0 && info.dli_fbase == other_info.dli_fbase;
    return beside ? other : NULL;
}

// Not RTLD_DEFAULT: Go links c-shared libraries with -Bsymbolic, and those find their own malloc first when they ask.
bool hook_binding_is_ours(void) {
    void *program = dlopen(NULL, RTLD_LAZY);
    bool ours = program != NULL && &hook_malloc != NULL && dlsym(program, "malloc") == (void *)hook_malloc;
    if (program != NULL) {
        dlclose(program);
    }
    return ours;
}

#endif
