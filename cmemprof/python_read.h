// python_read.h (sample): reads memory that is Python's, if it is still there.
//
// Mostly it is, since a thread's state and frames are its own. But the interpreter frees the states of other threads when it ends, while
// they run C code; and where a C++ exception leaves a greenlet, the state still leads to frames of C that are gone. So each page is probed
// once in a walk (stack_memory.h, 100 ns), and what is read is never trusted with more than a wrong name.
//
// What belongs to another thread may go away at any moment, so that it is copied, by page, and read in the copy.
//
// Threads: the reader's. Memory: the reader; copies are the caller's.
#ifndef CMEMPROF_PYTHON_READ_H
#define CMEMPROF_PYTHON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "namespace.h"
#include "stack_memory.h"

enum { PYTHON_READER_PAGES = 64, PYTHON_COPIED_PAGES = 32, PYTHON_COPY_BYTES = 260 << 10 };

// Of other threads' memory, valid until the next python_reader_begin.
struct python_copies {
    uintptr_t pages[PYTHON_COPIED_PAGES]; // that are copied, by hash; 0: none
    char copies[PYTHON_COPIED_PAGES][STACK_MEMORY_PAGE_BYTES];
    char long_copy[PYTHON_COPY_BYTES]; // of what lies in several pages
};

struct python_reader {
    struct python_copies *copies;         // NULL: memory is read where it is
    uintptr_t pages[PYTHON_READER_PAGES]; // that are mapped, a direct-mapped cache; 0: none
    bool failed;                          // something was not there; stays true
};

static inline void python_reader_begin(struct python_reader *reader, struct python_copies *copies) {
    memset(reader, 0, sizeof *reader);
    reader->copies = copies;
    if (copies) {
        memset(copies->pages, 0, sizeof copies->pages);
    }
}

// Where these bytes can be read until the next call, or NULL: not all are there, or they do not begin at a multiple of align. Then the
// reader has failed.
const void *python_at(struct python_reader *reader, uintptr_t address, size_t size, size_t align);

// The word, or 0 if the reader has failed.
static inline uintptr_t python_word(struct python_reader *reader, uintptr_t object, size_t offset) {
    const uintptr_t *at = python_at(reader, object + offset, sizeof *at, sizeof *at);
    return at ? *at : 0;
}
static inline uint32_t python_number(struct python_reader *reader, uintptr_t object, size_t offset) {
    const uint32_t *at = python_at(reader, object + offset, sizeof *at, sizeof *at);
    return at ? *at : 0;
}
static inline uint8_t python_byte(struct python_reader *reader, uintptr_t object, size_t offset) {
    const uint8_t *at = python_at(reader, object + offset, 1, 1);
    return at ? *at : 0;
}

#endif
