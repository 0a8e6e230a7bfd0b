// cpu_gap.h (cpu): the frame that stands for those of a stack that do not fit: an address that is nobody's code, one for each number of
// frames.
//
// Threads: any, also in signal handlers. Memory: none.
#ifndef CMEMPROF_CPU_GAP_H
#define CMEMPROF_CPU_GAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "namespace.h"

enum { CPU_GAP_MAX_FRAMES = 2048 };

uintptr_t cpu_gap_address(uint32_t frames);
bool cpu_gap_is(uintptr_t address, unsigned *frames);         // false: another address
void cpu_gap_print(unsigned frames, char *text, size_t size); // "(12 frames left out)"

// Text in a fixed buffer: snprintf is not for signal handlers.
struct cpu_text {
    char *at, *end; // end: of the buffer, with room for the 0
};
void cpu_text_put(struct cpu_text *text, const char *more);
void cpu_text_put_number(struct cpu_text *text, uint64_t number, unsigned base);

#endif
