// python_layout.h (sample): where a version of CPython keeps what a walk of its frames reads. Offsets in bytes, of builds with a GIL.
//
// Source: the versions' own headers (Include/internal/pycore_frame.h; Include/cpython/pystate.h, code.h and unicodeobject.h), which are the
// same in all releases of a version, from its first candidate on. e2e/python compares them with the headers that are installed. 3.13 has a
// table of offsets for debuggers at _PyRuntime (struct _Py_DebugOffsets), which must say the same.
//
// Threads: any. Memory: none.
#ifndef CMEMPROF_PYTHON_LAYOUT_H
#define CMEMPROF_PYTHON_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

enum { PYTHON_OWNED_BY_GENERATOR = 1, PYTHON_INSTRUCTION_BYTES = 2 };

struct python_layout {
    // Of PyThreadState: the innermost frame; or, up to 3.12, the innermost activation of the interpreter, which has it.
    bool has_activations;
    uint16_t thread_first;
    uint16_t thread_next, thread_interpreter, thread_native_id; // the next one of the interpreter; the kernel's ID
    uint16_t activation_frame, activation_previous;
    uint16_t frame_previous, frame_code, frame_instruction;
    // Where an activation ends. 3.11: at a frame whose byte frame_is_entry is not 0. Else at one that is no function's and lies in the C
    // frame: its byte frame_owner is first_shim; first_shim 0: there are none. frame_owner is PYTHON_OWNED_BY_GENERATOR for one of those.
    uint16_t frame_is_entry, frame_owner;
    uint8_t first_shim;
    uint16_t code_first_line, code_file, code_qualified_name, code_lines, code_instructions;
    uint16_t code_first_traced;                               // an int: instructions before the function's own
    uint16_t text_length, text_state, text_ascii, text_other; // str; its characters, if all are ASCII and if not
    uint16_t bytes_size, bytes_first;
    uint16_t interpreter_modules, module_dict; // sys.modules; a module's names
    uint16_t dict_used, dict_keys;
    uint16_t keys_log2_index_bytes, keys_kind, keys_count, keys_indices; // entries follow the indices
    uint16_t type_base;
    uint16_t thread_context, context_previous; // of contextvars
    uint16_t task_name, task_context;          // of the Task of _asyncio, which no header has
    uint16_t number_size, number_digits;       // int: 30 bits a digit; number_size_shift: bits below the number of digits
    uint8_t number_size_shift;
};

// version: Py_Version. runtime: _PyRuntime; NULL: unknown. NULL: not one of the versions that are known: 3.11, 3.12, 3.13.
const struct python_layout *python_layout_of(unsigned long version, const void *runtime);

// Where the interpreter has sys.modules: the table for debuggers says it, where there is one.
size_t python_layout_modules(const struct python_layout *layout, const void *runtime);

#endif
