// hook_cxx.c (hook): C++'s operators new and delete, on top of the process's malloc and free.
//
// jemalloc, tcmalloc and mimalloc define these operators too and bypass malloc: without ours a C++ program on top of one of them would show
// nothing. Ours behave like libstdc++'s: each form ends in the plain one, so that a program may replace any of them (C++17 [new.delete]).
// They are weak, so that a program's own or a static libstdc++'s take precedence. There is no C++ here: exceptions are thrown by the
// program's own C++ library and pass through, since gcc emits unwind tables for C.
//
// Threads: any. Fully static programs keep libstdc++'s operators, which call the hooks.

#include "hook_names.h"

#if !defined(CMEMPROF_STATIC) && !defined(HOOKS_ARE_LEFT_OUT)

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "namespace.h"

#define OPERATOR __attribute__((weak, visibility("default")))

typedef void new_handler(void);
struct nothrow; // std::nothrow_t, only passed on

// The plain forms by their C++ names, as bound in the process.
void *_Znwm(size_t size);
void *_ZnwmSt11align_val_t(size_t size, size_t alignment);
void _ZdlPv(void *block);
void _ZdlPvSt11align_val_t(void *block, size_t alignment);

// ---- The C++ library: may be absent, or linked into the program ----

extern new_handler *_ZSt15get_new_handlerv(void) __attribute__((weak)); // std::get_new_handler
extern void _ZSt17__throw_bad_allocv(void) __attribute__((weak));       // std::__throw_bad_alloc

// A library that an extension module loaded is visible to that module only. The library is searched before an allocator with operators of
// its own, which ignores the program's replacements.
static void *library_symbol(void *scope, const char *name) {
    static const char *const libraries[] = {"libstdc++.so.6", "libc++.so.1"};
    void *found = NULL;
    for (size_t i = 0; !found && i < sizeof libraries / sizeof *libraries; i++) {
        void *library = dlopen(libraries[i], RTLD_LAZY | RTLD_NOLOAD);
        if (library) {
            found = dlsym(library, name);
            dlclose(library);
        }
    }
    return found ? found : dlsym(scope, name);
}

static new_handler *present_handler(void) {
    new_handler *(*get)(void) = _ZSt15get_new_handlerv;
    if (!get) {
        get = (new_handler * (*)(void)) library_symbol(RTLD_DEFAULT, "_ZSt15get_new_handlerv");
    }
    return get ? get() : NULL;
}

// A static libstdc++ contributes only what the program refers to. Whoever catches a bad_alloc refers to its type, from which the exception
// is assembled (Itanium C++ ABI, 2.4).
extern void *__cxa_allocate_exception(size_t size) __attribute__((weak));
extern void __cxa_throw(void *exception, void *type, void (*destructor)(void *)) __attribute__((weak));
extern char _ZTISt9bad_alloc[] __attribute__((weak)), _ZTVSt9bad_alloc[] __attribute__((weak)); // typeinfo, vtable
extern void _ZNSt9bad_allocD1Ev(void *exception) __attribute__((weak));                         // destructor

static void throw_assembled(void) {
    // The type and its vtable are where the destructor is.
    bool present = __cxa_allocate_exception && __cxa_throw && _ZNSt9bad_allocD1Ev;
    if (present) {
        const char **exception = __cxa_allocate_exception(sizeof *exception); // never NULL
        *exception = _ZTVSt9bad_alloc + 2 * sizeof(void *);
        __cxa_throw(exception, _ZTISt9bad_alloc, _ZNSt9bad_allocD1Ev);
    }
}

static _Noreturn void throw_bad_alloc(void) {
    void (*throw)(void) = _ZSt17__throw_bad_allocv;
    if (!throw) {
        throw = (void (*)(void))library_symbol(RTLD_DEFAULT, "_ZSt17__throw_bad_allocv");
    }
    if (throw) {
        throw();
    }
    throw_assembled();
    abort(); // nothing in this process could catch it
}

// ---- new ----

// The handler frees memory or ends this by throwing.
static void run_handler(void) {
    new_handler *handler = present_handler();
    if (!handler) {
        throw_bad_alloc();
    }
    handler();
}

// Zero-size blocks need a distinct address on every allocator.
static inline size_t at_least_one(size_t size) {
    return size != 0 ? size : 1;
}

// posix_memalign, since aligned_alloc may require the size to be a multiple.
static void *take_aligned(size_t size, size_t alignment) {
    void *block = NULL;
    size_t at_least = alignment < sizeof(void *) ? sizeof(void *) : alignment;
    return posix_memalign(&block, at_least, at_least_one(size)) == 0 ? block : NULL;
}

OPERATOR void *_Znwm(size_t size) {
    void *block;
    while (__builtin_expect(!(block = malloc(at_least_one(size))), 0)) {
        run_handler();
    }
    return block;
}

OPERATOR void *_ZnwmSt11align_val_t(size_t size, size_t alignment) {
    void *block;
    while (__builtin_expect(!(block = take_aligned(size, alignment)), 0)) {
        run_handler();
    }
    return block;
}

// Private aliases, to detect whether the program has replaced the operators.
extern void *hook_operator_new(size_t size) __attribute__((alias("_Znwm"), visibility("hidden")));
extern void *hook_operator_new_aligned(size_t size, size_t alignment) __attribute__((alias("_ZnwmSt11align_val_t"), visibility("hidden")));

// The nothrow form must call the plain one and catch its exception, which C cannot do. That matters if the program replaced the plain form
// or has a handler; the call then goes to the next definition of the operator.
typedef void *nothrow_function(size_t size, const struct nothrow *tag);
typedef void *aligned_nothrow_function(size_t size, size_t alignment, const struct nothrow *tag);

void *_ZnwmRKSt9nothrow_t(size_t size, const struct nothrow *tag);
OPERATOR void *_ZnwmRKSt9nothrow_t(size_t size, const struct nothrow *tag) {
    bool replaced = _Znwm != hook_operator_new;
    void *block = replaced ? NULL : malloc(at_least_one(size));
    if (block || (!replaced && !present_handler())) {
        return block;
    }
    static nothrow_function *_Atomic found; // the process's next definition
    nothrow_function *behind = found;
    if (!behind) {
        found = behind = (nothrow_function *)library_symbol(RTLD_NEXT, "_ZnwmRKSt9nothrow_t");
    }
    return behind ? behind(size, tag) : NULL;
}

void *_ZnwmSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const struct nothrow *tag);
OPERATOR void *_ZnwmSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const struct nothrow *tag) {
    bool replaced = _ZnwmSt11align_val_t != hook_operator_new_aligned;
    void *block = replaced ? NULL : take_aligned(size, alignment);
    if (block || (!replaced && !present_handler())) {
        return block;
    }
    static aligned_nothrow_function *_Atomic found; // the process's next definition
    aligned_nothrow_function *behind = found;
    if (!behind) {
        found = behind = (aligned_nothrow_function *)library_symbol(RTLD_NEXT, "_ZnwmSt11align_val_tRKSt9nothrow_t");
    }
    return behind ? behind(size, alignment, tag) : NULL;
}

void *_Znam(size_t size);
OPERATOR void *_Znam(size_t size) {
    return _Znwm(size);
}
void *_ZnamSt11align_val_t(size_t size, size_t alignment);
OPERATOR void *_ZnamSt11align_val_t(size_t size, size_t alignment) {
    return _ZnwmSt11align_val_t(size, alignment);
}
void *_ZnamRKSt9nothrow_t(size_t size, const struct nothrow *tag);
OPERATOR void *_ZnamRKSt9nothrow_t(size_t size, const struct nothrow *tag) {
    return _ZnwmRKSt9nothrow_t(size, tag);
}
void *_ZnamSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const struct nothrow *tag);
OPERATOR void *_ZnamSt11align_val_tRKSt9nothrow_t(size_t size, size_t alignment, const struct nothrow *tag) {
    return _ZnwmSt11align_val_tRKSt9nothrow_t(size, alignment, tag);
}

// ---- delete ----

OPERATOR void _ZdlPv(void *block) {
    free(block);
}
OPERATOR void _ZdlPvSt11align_val_t(void *block, size_t alignment) {
    (void)alignment;
    free(block);
}

// The sizes are dropped: most real allocators have no function that takes them.
void _ZdlPvm(void *block, size_t size);
OPERATOR void _ZdlPvm(void *block, size_t size) {
    (void)size;
    _ZdlPv(block);
}
void _ZdlPvRKSt9nothrow_t(void *block, const struct nothrow *tag);
OPERATOR void _ZdlPvRKSt9nothrow_t(void *block, const struct nothrow *tag) {
    (void)tag;
    _ZdlPv(block);
}
void _ZdlPvmSt11align_val_t(void *block, size_t size, size_t alignment);
OPERATOR void _ZdlPvmSt11align_val_t(void *block, size_t size, size_t alignment) {
    (void)size;
    _ZdlPvSt11align_val_t(block, alignment);
}
void _ZdlPvSt11align_val_tRKSt9nothrow_t(void *block, size_t alignment, const struct nothrow *tag);
OPERATOR void _ZdlPvSt11align_val_tRKSt9nothrow_t(void *block, size_t alignment, const struct nothrow *tag) {
    (void)tag;
    _ZdlPvSt11align_val_t(block, alignment);
}

void _ZdaPv(void *block);
OPERATOR void _ZdaPv(void *block) {
    _ZdlPv(block);
}
void _ZdaPvSt11align_val_t(void *block, size_t alignment);
OPERATOR void _ZdaPvSt11align_val_t(void *block, size_t alignment) {
    _ZdlPvSt11align_val_t(block, alignment);
}
void _ZdaPvm(void *block, size_t size);
OPERATOR void _ZdaPvm(void *block, size_t size) {
    (void)size;
    _ZdaPv(block);
}
void _ZdaPvRKSt9nothrow_t(void *block, const struct nothrow *tag);
OPERATOR void _ZdaPvRKSt9nothrow_t(void *block, const struct nothrow *tag) {
    (void)tag;
    _ZdaPv(block);
}
void _ZdaPvmSt11align_val_t(void *block, size_t size, size_t alignment);
OPERATOR void _ZdaPvmSt11align_val_t(void *block, size_t size, size_t alignment) {
    (void)size;
    _ZdaPvSt11align_val_t(block, alignment);
}
void _ZdaPvSt11align_val_tRKSt9nothrow_t(void *block, size_t alignment, const struct nothrow *tag);
OPERATOR void _ZdaPvSt11align_val_tRKSt9nothrow_t(void *block, size_t alignment, const struct nothrow *tag) {
    (void)tag;
    _ZdaPvSt11align_val_t(block, alignment);
}

#endif
