// python_read.h (sample): reads memory that is Python's, if it is still there.
//
// Mostly it is, since a thread's state and frames are its own. But the interpreter frees the states of other threads when it ends, while
// they run C code; and where a C++ exception leaves a greenlet, the state still leads to frames of C that are gone. So each page is probed
// once in a walk (stack_memory.h, 100 ns), and what is read is never trusted with more than a wrong name.
//
// Threads: the reader's. Memory: the reader.
#ifndef CMEMPROF_PYTHON_READ_H
#define CMEMPROF_PYTHON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "namespace.h"
#include "stack_memory.h"

enum { PYTHON_READER_PAGES = 64 };
struct python_reader {
    uintptr_t pages[PYTHON_READER_PAGES]; // that are mapped, a direct-mapped cache; 0: none
    bool failed;                          // something was not there; stays true
};

static inline void python_reader_begin(struct python_reader *reader) {
    memset(reader, 0, sizeof *reader);
}

// Whether all bytes are there, and begin at a multiple of align. If not, the reader has failed.
bool python_can_read(struct python_reader *reader, uintptr_t address, size_t size, size_t align);

// The word, or 0 if the reader has failed.
static inline uintptr_t python_word(struct python_reader *reader, uintptr_t object, size_t offset) {
    uintptr_t at = object + offset;
    return python_can_read(reader, at, sizeof(uintptr_t), sizeof(uintptr_t)) ? *(const uintptr_t *)at : 0;
}
static inline uint32_t python_number(struct python_reader *reader, uintptr_t object, size_t offset) {
    uintptr_t at = object + offset;
    return python_can_read(reader, at, sizeof(uint32_t), sizeof(uint32_t)) ? *(const uint32_t *)at : 0;
}
static inline uint8_t python_byte(struct python_reader *reader, uintptr_t object, size_t offset) {
    return python_can_read(reader, object + offset, 1, 1) ? *(const uint8_t *)(object + offset) : 0;
}

#endif
