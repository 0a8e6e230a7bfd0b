// python_objects.c: see python_objects.h.
#include "python_objects.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../cmemprof/profiler.h"
#include "python_arenas.h"

#define CALLER ((uintptr_t)__builtin_return_address(0))
#define ONE_CACHE_LINE __attribute__((aligned(64)))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

static struct python_allocator real_memory, real_objects;
static struct python_arenas real_arenas;

// ---- Blocks ----

static bool are_seen(void) {
    return atomic_load_explicit(&profiler.python.objects, memory_order_relaxed) == PYTHON_OBJECTS_SAMPLED;
}

static void see(void) {
    if (UNLIKELY(!are_seen())) {
        atomic_store_explicit(&profiler.python.objects, PYTHON_OBJECTS_SAMPLED, memory_order_relaxed);
    }
}

// Of a block that is a sample, drawn with this interval, unless malloc has counted it since `before`. What malloc counts is counted down
// here as well, and is no sample then: distances are memoryless, so neither changes what the other takes. The one block in a thousand or
// more for which the allocator has got a table of its own from malloc is no sample either.
#define FINISH(interval_bytes, before, block, size)                                                                                        \
    do {                                                                                                                                   \
        if ((interval_bytes) != 0 && !profiler_has_counted(before)) {                                                                      \
            profiler_finish(interval_bytes, block, size, caller, MACHINE_FRAME);                                                           \
        }                                                                                                                                  \
    } while (0)

static __attribute__((noinline)) void *slow_malloc(const struct python_allocator *real, size_t size, uintptr_t caller) {
    uint64_t interval_bytes = profiler_begin(size);
    struct profiler_count before = profiler_counted();
    void *block = real->malloc(real->context, size);
    FINISH(interval_bytes, before, block, size);
    return block;
}

static ONE_CACHE_LINE void *hooked_malloc(void *context, size_t size) {
    const struct python_allocator *real = context;
    see();
    return profiler_pass(size) ? real->malloc(real->context, size) : slow_malloc(real, size, CALLER);
}

static __attribute__((noinline)) void *slow_calloc(const struct python_allocator *real, size_t count, size_t size, uintptr_t caller) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        return real->calloc(real->context, count, size);
    }
    uint64_t interval_bytes = profiler_begin(total);
    struct profiler_count before = profiler_counted();
    void *block = real->calloc(real->context, count, size);
    FINISH(interval_bytes, before, block, total);
    return block;
}

static void *hooked_calloc(void *context, size_t count, size_t size) {
    const struct python_allocator *real = context;
    see();
    if ((count | size) <= UINT32_MAX && profiler_pass(count * size)) {
        return real->calloc(real->context, count, size);
    }
    return slow_calloc(real, count, size, CALLER);
}

static void *move(const struct python_allocator *real, void *block, size_t size) {
    struct moving moving;
    profiler_move_begin(block, &moving);
    void *moved = real->realloc(real->context, block, size);
    profiler_move_end(&moving, moved ? NULL : block); // here realloc(block, 0) does not free
    return moved;
}

static __attribute__((noinline)) void *slow_realloc(const struct python_allocator *real, void *block, size_t size, uint64_t interval_bytes,
                                                    uintptr_t caller) {
    struct profiler_count before = profiler_counted();
    void *moved = profiler_may_know(block) ? move(real, block, size) : real->realloc(real->context, block, size);
    FINISH(interval_bytes, before, moved, size);
    return moved;
}

static void *hooked_realloc(void *context, void *block, size_t size) {
    const struct python_allocator *real = context;
    see();
    bool passes = profiler_pass(size);
    if (passes && !UNLIKELY(profiler_may_know(block))) {
        return real->realloc(real->context, block, size);
    }
    return slow_realloc(real, block, size, passes ? 0 : profiler_begin(size), CALLER);
}

static __attribute__((noinline)) void slow_free(const struct python_allocator *real, void *block) {
    profiler_forget(block);
    real->free(real->context, block);
}

static ONE_CACHE_LINE void hooked_free(void *context, void *block) {
    const struct python_allocator *real = context;
    if (UNLIKELY(profiler_may_know(block))) {
        slow_free(real, block);
    } else {
        real->free(real->context, block);
    }
}

// ---- Arenas ----

static void *hooked_arena_alloc(void *context, size_t size) {
    (void)context;
    thread_state.maps_arena = are_seen(); // else nothing says what is in it
    void *base = real_arenas.alloc(real_arenas.context, size);
    thread_state.maps_arena = false;
    return base;
}

static void hooked_arena_free(void *context, void *base, size_t size) {
    (void)context;
    python_arenas_free(&real_arenas, base, size);
}

// ---- Start ----

bool python_find_allocators(struct python_allocators *python) {
    const char *(*name)(void);
    int (*is_initialized)(void);
    *(void **)&python->get = dlsym(RTLD_DEFAULT, "PyMem_GetAllocator");
    *(void **)&python->set = dlsym(RTLD_DEFAULT, "PyMem_SetAllocator");
    *(void **)&python->get_arenas = dlsym(RTLD_DEFAULT, "PyObject_GetArenaAllocator");
    *(void **)&python->set_arenas = dlsym(RTLD_DEFAULT, "PyObject_SetArenaAllocator");
    *(void **)&is_initialized = dlsym(RTLD_DEFAULT, "Py_IsInitialized");
    *(void **)&name = dlsym(RTLD_DEFAULT, "_PyMem_GetCurrentAllocatorName"); // before its lock is made 3.12 crashes in it
    python->name = is_initialized && is_initialized() ? name : NULL;
    python->has_gil = !dlsym(RTLD_DEFAULT, "_Py_DecRefShared"); // what all extensions of a build without one call
    return python->get && python->set && python->get_arenas && python->set_arenas;
}

const char *python_objects_obstacle(void) {
    void *(*head)(void), *(*next)(void *);
    const unsigned long *version = dlsym(RTLD_DEFAULT, "Py_Version");
    *(void **)&head = dlsym(RTLD_DEFAULT, "PyInterpreterState_Head");
    *(void **)&next = dlsym(RTLD_DEFAULT, "PyInterpreterState_Next");
    if (!head || !next) {
        return "there is no interpreter of Python in this process's global names";
    }
    bool is_alone = !version || *version < 0x030c0000 || !next(head());
    return is_alone ? NULL : "there are several interpreters, which may have a GIL each: start the program with cmemprof-run";
}

static void hook(const struct python_allocators *python, enum python_domain domain, struct python_allocator *real) {
    python->get(domain, real);
    struct python_allocator hooked = {real, hooked_malloc, hooked_calloc, hooked_realloc, hooked_free};
    python->set(domain, &hooked);
}

// Else objects are blocks of malloc or mimalloc (3.13), or nothing is known: others have wrapped the allocator already.
static bool has_arenas(const struct python_allocators *python) {
    struct python_allocator raw, objects;
    python->get(PYTHON_RAW, &raw);
    python->get(PYTHON_OBJECTS, &objects);
    const char *name = python->name ? python->name() : raw.malloc != objects.malloc ? "pymalloc" : NULL;
    return name && (strcmp(name, "pymalloc") == 0 || strcmp(name, "pymalloc_debug") == 0);
}

void python_objects_hook(const struct python_allocators *python) {
    if (!python->has_gil) {
        atomic_store(&profiler.python.objects, PYTHON_OBJECTS_MISSING);
        return;
    }
    bool are_kept = has_arenas(python);
    hook(python, PYTHON_MEMORY, &real_memory);
    hook(python, PYTHON_OBJECTS, &real_objects);
    python->get_arenas(&real_arenas);
    profiler.python.maps_arenas = (uintptr_t)real_arenas.alloc;
    python->set_arenas(&(struct python_arenas){NULL, hooked_arena_alloc, hooked_arena_free});
    atomic_store(&profiler.python.objects, PYTHON_OBJECTS_HOOKED);
    if (are_kept) {
        python_arenas_are_ours();
    }
}
