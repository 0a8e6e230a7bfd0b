// cpu_gap.c (cpu): see cpu_gap.h.

#include "cpu_gap.h"

// Address left_out + n stands for n frames. It is not code, so neither Go nor this profiler finds another name for it.
static const char left_out[CPU_GAP_MAX_FRAMES + 1];

uintptr_t cpu_gap_address(uint32_t frames) {
    return (uintptr_t)&left_out[frames < CPU_GAP_MAX_FRAMES ? frames : CPU_GAP_MAX_FRAMES];
}

bool cpu_gap_is(uintptr_t address, unsigned *frames) {
    *frames = (unsigned)(address - (uintptr_t)left_out);
    return address - (uintptr_t)left_out < sizeof left_out;
}

void cpu_text_put(struct cpu_text *text, const char *more) {
    while (*more != '\0' && text->at < text->end) {
        *text->at++ = *more++;
    }
    *text->at = '\0';
}

void cpu_text_put_number(struct cpu_text *text, uint64_t number, unsigned base) {
    char digits[24], *at = digits + sizeof digits;
    *--at = '\0';
    do {
        *--at = "0123456789abcdef"[number % base];
    } while ((number /= base) != 0);
    cpu_text_put(text, at);
}

void cpu_gap_print(unsigned frames, char *text, size_t size) {
    struct cpu_text out = {text, text + size - 1};
    cpu_text_put(&out, "(");
    cpu_text_put_number(&out, frames, 10);
    cpu_text_put(&out, frames == 1 ? " frame left out)" : " frames left out)");
}
