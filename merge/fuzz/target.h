// target.h: shared by the three fuzz targets: a check that stops the fuzzer, memory accounting and failures, common checks.
//
// Threads: one. Memory: none. These checks cover what the sanitizers cannot.
#ifndef CMEMPROF_MERGE_FUZZ_TARGET_H
#define CMEMPROF_MERGE_FUZZ_TARGET_H

#include "../merge.h"
#include "content.h"

// Prints the text and aborts: libFuzzer keeps the input.
void must(bool holds, const char *text);
// Pseudo-random choices, derived from the whole input.
uint64_t choices_of(const uint8_t *data, size_t size);

// Peak of the bytes allocated since memory_watch.
void memory_watch(void);
size_t memory_peak(void);
// Makes the allocation number index from now on fail (0: the next). memory_relent returns whether it happened.
void memory_fail(size_t index);
bool memory_relent(void);

// Memory limit of an input: a constant, an amount per byte of the inflated input, and libzstd's window for a stream, which may be allocated
// at this size and hardly be used.
#define MEMORY_BASE (1u << 20)
#define MEMORY_EACH 400u
#define MEMORY_WINDOW (9u << 20)
void check_memory(size_t input_bytes, bool window, const char *text);
bool has_window(struct span input);

// Checks that an error has a name, a one-line text, and an offset within the input.
void check_fault(enum merge_error error, const struct merge_fault *fault, size_t size);

struct raw {
    uint8_t *bytes;
    size_t size;
    enum merge_error error;
};
// Inflates as the library does.
struct raw raw_of(struct span input, size_t limit_bytes);
// Whether a frame is too expensive: it inflates to more than 1 MiB, or its window is too large to find out.
bool too_slow(struct span input);
// Whether it can be decoded by itself, with the default limits.
bool decodes(struct span input);
// Reads the library's output. Stops if the second reader cannot read it.
void content_of_output(struct content *content, const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

#endif
