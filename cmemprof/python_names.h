// python_names.h (sample): names of Python's functions, which a stack has as words that no code's address is.
//
// The code object may be gone when a profile is written, so names are copied at the first sample. A table from content to the place of its
// copy; entries are never removed. A word has the place and a line.
//
// Threads: any, also inside malloc; lock-free. Memory: one mapping of 2.1 MiB of which pages are touched as they are needed; full after
// 10,000 to 25,000 functions.
#ifndef CMEMPROF_PYTHON_NAMES_H
#define CMEMPROF_PYTHON_NAMES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

struct python_names_table;
struct python_names {
    struct python_names_table *table; // NULL: not open
    _Atomic uint64_t lost;            // relaxed counter of frames whose name had no room
};

enum { PYTHON_LINE_BITS = 24, PYTHON_NAME_BYTES = 250, PYTHON_FILE_BYTES = 500 }; // longer ones are cut

struct python_name {
    const char *function, *file; // not terminated
    size_t function_size, file_size;
    uint32_t first_line;
};

// Returns false if memory runs out.
bool python_names_open(struct python_names *names);
void python_names_close(struct python_names *names);
// While nobody adds; its memory is given back.
void python_names_clear(struct python_names *names);
size_t python_names_bytes(const struct python_names *names); // at most so many are resident

// The word of a frame; without a name if there is no room for it.
uintptr_t python_names_word(struct python_names *names, const struct python_name *name, uint32_t line);

static inline bool python_names_is(uintptr_t word) {
    return word >> 63 != 0; // no address of a program
}
// The same for all lines of a function.
static inline uintptr_t python_names_function(uintptr_t word) {
    return word >> PYTHON_LINE_BITS;
}
// Of a word of these names: its line, 0: none. name->function_size is 0 if it has none.
uint32_t python_names_get(const struct python_names *names, uintptr_t word, struct python_name *name);

#endif
