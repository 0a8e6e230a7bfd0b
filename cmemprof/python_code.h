// python_code.h (sample): reads a code object of CPython: its names, and the line of an instruction.
//
// Threads: any, also inside malloc. No lock, no allocation, no reference count is touched. What is read may be anything (python_read.h): it
// is bounded.
#ifndef CMEMPROF_PYTHON_CODE_H
#define CMEMPROF_PYTHON_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "namespace.h"
#include "python_layout.h"
#include "python_read.h"

// A str as UTF-8, without the 0 byte; what does not fit is cut at a character. Surrogates become U+FFFD. Returns the number of bytes.
size_t python_code_text(struct python_reader *reader, const struct python_layout *layout, uintptr_t text, char *out, size_t capacity);

// The line of the instruction at this address, from the table of PEP 626 in the form of 3.11 (Objects/locations.md). 0: it has none. One
// outside of the code has the first line.
uint32_t python_code_line(struct python_reader *reader, const struct python_layout *layout, uintptr_t code, uintptr_t instruction);

#endif
