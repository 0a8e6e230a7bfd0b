// python_objects.h: Python's own blocks in the program into which the library is preloaded: those of its objects, and what they hold.
//
// CPython cuts blocks of up to 512 bytes out of arenas that it maps, so malloc does not see them. Its allocators for memory and for objects
// (PyMem_SetAllocator, in all versions from 3.5 on) get one of ours around them: the real one has exactly the program's call, and what it
// returns is sampled like a block of malloc's, unless malloc was called for it, which has counted it. Arenas count as the allocator's.
//
// Blocks come and go as CPython asks for them: what it keeps in free lists stays a live block. What it takes back without a call of its
// allocator (the arenas of a subinterpreter that ends, 3.12 and later) stays live until its address is used again.
//
// Threads: python_objects_hook: one, before main or with the GIL. The hooks: any, as CPython calls them; no lock, no allocation of their
// own. Memory: none.
#ifndef CMEMPROF_PRELOAD_PYTHON_OBJECTS_H
#define CMEMPROF_PRELOAD_PYTHON_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>

// CPython's (Include/cpython/pymem.h, objimpl.h), the same in all its versions.
struct python_allocator {
    void *context;
    void *(*malloc)(void *context, size_t size);
    void *(*calloc)(void *context, size_t count, size_t size);
    void *(*realloc)(void *context, void *block, size_t size);
    void (*free)(void *context, void *block);
};
struct python_arenas {
    void *context;
    void *(*alloc)(void *context, size_t size);
    void (*free)(void *context, void *base, size_t size);
};
enum python_domain { PYTHON_RAW, PYTHON_MEMORY, PYTHON_OBJECTS }; // raw: malloc itself

// What the interpreter exports.
struct python_allocators {
    void (*get)(enum python_domain domain, struct python_allocator *allocator); // PyMem_GetAllocator
    void (*set)(enum python_domain domain, struct python_allocator *allocator); // PyMem_SetAllocator: copies it
    void (*get_arenas)(struct python_arenas *arenas);                           // PyObject_GetArenaAllocator
    void (*set_arenas)(struct python_arenas *arenas);                           // PyObject_SetArenaAllocator
    // _PyMem_GetCurrentAllocatorName: "pymalloc", "malloc_debug", ... NULL: the interpreter is not initialised, and has its default.
    const char *(*name)(void);
    bool has_gil; // else its blocks are not pymalloc's
};

// Finds them among what the program and its libraries export. Returns false if there is no interpreter.
bool python_find_allocators(struct python_allocators *python);

// Before the interpreter is initialised, or with its GIL held: blocks from before pass through. Sets profiler.python.objects, as the hooks
// do once a block comes by. Who sets another allocator later (PYTHONMALLOC, -X dev; 3.6 always; 3.12 and later if Python is initialised
// again) takes ours away, and arenas are the program's mappings then, which mappings.c finds.
void python_objects_hook(const struct python_allocators *python);

// Why an interpreter that runs already cannot be given other allocators; NULL: it can. Its own threads are stopped by the GIL, which the
// caller holds, but not those of an interpreter with another GIL (3.12 and later).
const char *python_objects_obstacle(void);

#endif
