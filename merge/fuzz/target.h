// target.h: what the three fuzz targets share: a check that stops the fuzzer, memory that is counted and made to fail, common checks.
//
// Threads: one. Memory: none of its own. The sanitizers see everything; what is checked here is what they cannot know.
#ifndef CMEMPROF_MERGE_FUZZ_TARGET_H
#define CMEMPROF_MERGE_FUZZ_TARGET_H

#include "../merge.h"
#include "content.h"

// Prints the text and aborts: libFuzzer keeps the input.
void must(bool holds, const char *text);
// Of the whole input: the same input makes the same choices each time, and a changed one makes others.
uint64_t choices_of(const uint8_t *data, size_t size);

// Bytes malloc'ed and not freed since memory_watch, at their highest.
void memory_watch(void);
size_t memory_peak(void);
// The index-th allocation from now on fails (0: the next). memory_relent: true if it came to that.
void memory_fail(size_t index);
bool memory_relent(void);

// The most that an input may cost: a part that is always there, so much for each byte of the inflated input, and the window that libzstd
// wants for a stream, which may be as large as this and hardly be used.
#define MEMORY_BASE (1u << 20)
#define MEMORY_EACH 400u
#define MEMORY_WINDOW (9u << 20)
void check_memory(size_t input_bytes, bool window, const char *text);
bool has_window(struct span input);

// An error has a name, says in a line what is wrong, at a byte that exists.
void check_fault(enum merge_error error, const struct merge_fault *fault, size_t size);

struct raw {
    uint8_t *bytes;
    size_t size;
    enum merge_error error;
};
// As the library would inflate it.
struct raw raw_of(struct span input, size_t limit_bytes);
// A frame that is not worth its time: it inflates to more than 1 MiB, or wants a window that is too large to tell.
bool too_slow(struct span input);
// Can it be decoded by itself, with the default limits?
bool decodes(struct span input);
// What the library has written. Stops when the second reader cannot read it.
void content_of_output(struct content *content, const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

#endif
