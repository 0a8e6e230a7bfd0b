// python_stack.h (sample): Python's frames in a stack of C: each call of the interpreter's C function gives way to the frames of Python
// that it runs, the innermost first.
//
//   malloc <- PyByteArray_Resize <- bytearray___init__ <- [_PyEval_EvalFrameDefault] <- builtin_sorted <- [_PyEval_EvalFrameDefault] <-
//   main C stack                                                load  app.py:12, key  app.py:9                  <module>  app.py:30
//
// An activation of the interpreter has an object in its C frame, so that its place in the stack is found by addresses, without the name or
// the extent of a function. A thread's frames change only by its own code, which is in malloc: they are as it left them, also where it has
// let go of the GIL. The exceptions are in python_read.h: reads are probed, and activations must lie in the stack, each above the one
// before. If one does not, the stack has no frames of Python, which is counted. While the interpreter ends, only who has the GIL has
// frames.
//
// Threads: any, also inside malloc; the caller holds the shard. No lock, no allocation, no call of Python but of three functions that read
// a variable (struct python_symbols). Memory: 12 KiB a shard, touched where there is Python.
#ifndef CMEMPROF_PYTHON_STACK_H
#define CMEMPROF_PYTHON_STACK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"
#include "python_layout.h"
#include "python_names.h"
#include "python_read.h"
#include "unwind_memo.h"

// What the program's own symbols say.
struct python_symbols {
    void *(*this_thread)(void); // PyGILState_GetThisThreadState
    void *(*running)(
        void); // _PyThreadState_UncheckedGet, PyThreadState_GetUnchecked: of who has the GIL; from 3.12 on if this thread has it
    int (*is_finalizing)(void);               // _Py_IsFinalizing, Py_IsFinalizing
    void *(*main_interpreter)(void);          // PyInterpreterState_Main; this and the next: NULL if not exported
    void *(*first_thread)(void *interpreter); // PyInterpreterState_ThreadHead
    uintptr_t code_type;                      // &PyCode_Type
    uintptr_t dict_type, module_type, context_type, text_type, number_type; // 0: unknown
    unsigned long version;                                                  // Py_Version
    const void *runtime;                                                    // _PyRuntime; NULL: unknown
};

// Blocks of its own allocators (preload/python_objects.h): no interpreter is known; one is, and nothing was seen of it yet; they are
// sampled; they are not: another allocator has taken the place of the hooked one.
enum python_objects { PYTHON_OBJECTS_UNKNOWN, PYTHON_OBJECTS_HOOKED, PYTHON_OBJECTS_SAMPLED, PYTHON_OBJECTS_MISSING };

// Of asyncio (python_task.h).
struct python_tasks {
    _Atomic uintptr_t running; // its dict; 0: not found. Never changed again
    uintptr_t type;
    size_t modules; // how many there were at the last look
};

struct python {
    _Atomic bool is_there; // never false again; the rest is valid then
    struct python_symbols symbols;
    const struct python_layout *layout;
    struct python_names names;
    struct python_tasks tasks;
    _Atomic int objects;   // enum python_objects
    uintptr_t maps_arenas; // the interpreter's function that maps an arena; 0: unknown
    _Atomic uint64_t torn; // relaxed counter of stacks whose frames of Python were not consistent, and left out
};

// False: the version is not known, or memory runs out: stacks stay those of C. Once, before the first sample.
bool python_start(struct python *python, const struct python_symbols *symbols);

enum { PYTHON_MAX_ACTIVATIONS = 128 };
struct python_memo {
    uint32_t depth_frames; // 0: the stack has no frame of Python
    struct python_reader reader;
    uint32_t frames, activations;
    uintptr_t pcs[UNWIND_MAX_FRAMES];   // return addresses and words of python_names.h, leaf first
    uintptr_t words[UNWIND_MAX_FRAMES]; // of all activations, the innermost first
    struct {
        uintptr_t at; // in the C frame
        uint32_t end; // index of what follows its last word
    } activation[PYTHON_MAX_ACTIVATIONS];
};

// A walk of the thread's own stack, just made.
struct python_walk {
    const struct unwind_trail *trail;
    const uintptr_t *pcs; // return addresses, leaf first
    uint32_t depth_frames;
    enum unwind_end end;
};
static inline struct python_walk python_walk_of(const struct unwind_memo *memo) {
    return (struct python_walk){&memo->trails[memo->current], memo->pcs, memo->depth_frames, memo->end};
}

// Fills memo with the stack of the walk. Returns true if it is the one that memo held before.
bool python_stack(struct python *python, const struct python_walk *walk, struct python_memo *memo);

// Words of frames that were read before, of which the names need not be read again: a direct-mapped cache.
enum { PYTHON_KNOWN_FRAMES = 1024 };
struct python_known {
    struct {
        uintptr_t code, name, file, instruction, word; // word 0: none
        uint32_t first_line;
    } frames[PYTHON_KNOWN_FRAMES];
};

// The frames of Python alone, as words of python_names.h, the innermost first, of a thread with this state (PyThreadState): the calling
// one's own, or one that does not run. The reader has begun. known and outermost may be NULL. Returns their number, at most capacity; 0
// also if something could not be read. *outermost: the activation that has the last of them.
uint32_t python_frames(struct python *python, struct python_reader *reader, struct python_known *known, uintptr_t thread, uintptr_t *words,
                       uint32_t capacity, uintptr_t *outermost);

#endif
