// layout.c: compares python_layout.h with the headers of the CPython that it is compiled with. Ends with 1 if they differ.
#define Py_BUILD_CORE 1
#include <Python.h>
#include <internal/pycore_code.h>
#include <internal/pycore_context.h>
#include <internal/pycore_dict.h>
#include <internal/pycore_frame.h>
#include <internal/pycore_interp.h>

#include <stddef.h>
#include <stdio.h>

#include "../../../cmemprof/python_layout.h"
#include "../../../cmemprof/test/like_python.h"

static int differences;

static void expect(const char *what, size_t known, size_t real) {
    if (known != real) {
        printf("%s: %zu, in the headers %zu\n", what, known, real);
        differences++;
    }
}
#define EXPECT(member, type, field) expect(#member, layout->member, offsetof(type, field))

int main(void) {
    uint64_t words[LIKE_PYTHON_OFFSETS];
    like_python_offsets(words);
    const struct python_layout *layout = python_layout_of(PY_VERSION_HEX, words);
    if (!layout) {
        puts("the version is not known");
        return 1;
    }
#if PY_VERSION_HEX < 0x030d0000
    EXPECT(thread_first, PyThreadState, cframe);
    EXPECT(activation_frame, _PyCFrame, current_frame);
    EXPECT(activation_previous, _PyCFrame, previous);
    EXPECT(frame_code, _PyInterpreterFrame, f_code);
    EXPECT(frame_instruction, _PyInterpreterFrame, prev_instr);
#else
    EXPECT(thread_first, PyThreadState, current_frame);
    EXPECT(frame_code, _PyInterpreterFrame, f_executable);
    EXPECT(frame_instruction, _PyInterpreterFrame, instr_ptr);
#endif
    EXPECT(thread_next, PyThreadState, next);
    EXPECT(thread_interpreter, PyThreadState, interp);
    EXPECT(thread_native_id, PyThreadState, native_thread_id);
#if PY_VERSION_HEX < 0x030c0000
    EXPECT(frame_is_entry, _PyInterpreterFrame, is_entry);
#else
    expect("first_shim", layout->first_shim, FRAME_OWNED_BY_CSTACK);
#endif
    EXPECT(frame_owner, _PyInterpreterFrame, owner);
    expect("PYTHON_OWNED_BY_GENERATOR", PYTHON_OWNED_BY_GENERATOR, FRAME_OWNED_BY_GENERATOR);
    expect("PYTHON_INSTRUCTION_BYTES", PYTHON_INSTRUCTION_BYTES, sizeof(_Py_CODEUNIT));
    EXPECT(frame_previous, _PyInterpreterFrame, previous);
    EXPECT(code_first_line, PyCodeObject, co_firstlineno);
    EXPECT(code_file, PyCodeObject, co_filename);
    EXPECT(code_qualified_name, PyCodeObject, co_qualname);
    EXPECT(code_lines, PyCodeObject, co_linetable);
    EXPECT(code_first_traced, PyCodeObject, _co_firsttraceable);
    EXPECT(code_instructions, PyCodeObject, co_code_adaptive);
    EXPECT(text_length, PyASCIIObject, length);
    EXPECT(text_state, PyASCIIObject, state);
    expect("text_ascii", layout->text_ascii, sizeof(PyASCIIObject));
    expect("text_other", layout->text_other, sizeof(PyCompactUnicodeObject));
    EXPECT(bytes_size, PyVarObject, ob_size);
    EXPECT(bytes_first, PyBytesObject, ob_sval);
#if PY_VERSION_HEX < 0x030c0000
    EXPECT(interpreter_modules, PyInterpreterState, modules);
    EXPECT(number_size, PyLongObject, ob_base.ob_size);
    EXPECT(number_digits, PyLongObject, ob_digit);
#else
    EXPECT(interpreter_modules, PyInterpreterState, imports.modules);
    EXPECT(number_size, PyLongObject, long_value.lv_tag);
    EXPECT(number_digits, PyLongObject, long_value.ob_digit);
#endif
    EXPECT(dict_used, PyDictObject, ma_used);
    EXPECT(dict_keys, PyDictObject, ma_keys);
    EXPECT(keys_log2_index_bytes, PyDictKeysObject, dk_log2_index_bytes);
    EXPECT(keys_kind, PyDictKeysObject, dk_kind);
    EXPECT(keys_count, PyDictKeysObject, dk_nentries);
    EXPECT(keys_indices, PyDictKeysObject, dk_indices);
    expect("entry", 3 * sizeof(uintptr_t), sizeof(PyDictKeyEntry));
    expect("entry of texts", 2 * sizeof(uintptr_t), sizeof(PyDictUnicodeEntry));
    EXPECT(type_base, PyTypeObject, tp_base);
    EXPECT(thread_context, PyThreadState, context);
    EXPECT(context_previous, PyContext, ctx_prev);
    expect("type", sizeof(uintptr_t), offsetof(PyObject, ob_type));
    return differences != 0;
}
