// code_bytes_arm64.c (unwind): see code_bytes.h.

#include "code_bytes.h"

#include <stddef.h>
#include <string.h>

#include "stack_memory.h"

static bool read_code(uintptr_t address, uint32_t *instructions, size_t count) {
    uintptr_t first = stack_memory_page(address), size = count * sizeof *instructions, last = stack_memory_page(address + size - 1);
    if ((address & 3) != 0 || address + size < address || !stack_memory_is_mapped(first) ||
        (last != first && !stack_memory_is_mapped(last))) {
        return false;
    }
    memcpy(instructions, (const void *)address, size);
    return true;
}

bool code_bytes_follow_call(uintptr_t address) {
    uint32_t call;
    return address >= sizeof call && read_code(address - sizeof call, &call, 1) &&
           ((call & 0xfc000000) == 0x94000000 || // bl
            (call & 0xfffffc1f) == 0xd63f0000 || // blr
            (call & 0xfffff81f) == 0xd63f081f || // blraaz, blrabz
            (call & 0xfffff800) == 0xd73f0800);  // blraa, blrab
}

bool code_bytes_are_sigreturn(uintptr_t address) {
    uint32_t code[2];
    return read_code(address, code, 2) && code[0] == 0xd2801168 && code[1] == 0xd4000001; // mov x8, #139; svc #0
}

enum { STUB_INSTRUCTIONS = 6 };

static bool is_of_stub(uint32_t code) {
    return (code & 0x9f00001f) == 0x90000010 || // adrp x16
           (code & 0xffc003ff) == 0xf9400211 || // ldr x17, [x16, ...]
           (code & 0xffc003ff) == 0x91000210 || // add x16, x16, ...
           (code & 0xfffffbff) == 0xd503201f || // nop
           code == 0xd503245f;                  // bti c
}

static bool is_jump(uint32_t code) {
    return code == 0xd61f0220 || code == 0xd61f0200; // br x17, br x16
}

// The first of the PLT pushes two words for the loader's resolver.
bool code_bytes_are_stub(uintptr_t address, unsigned *pushed_bytes) {
    enum { PUSH = (int)0xa9bf7bf0, PUSHED_BYTES = 16 }; // stp x16, x30, [sp, #-16]!
    uint32_t code = 0;
    unsigned after = 0;
    while (after < STUB_INSTRUCTIONS && read_code(address + after * sizeof code, &code, 1) && is_of_stub(code)) {
        after++;
    }
    bool begins = after == 0 && code == (uint32_t)PUSH;
    if (!is_jump(code) && !begins) {
        return false;
    }
    unsigned before = 0;
    while (before < STUB_INSTRUCTIONS && read_code(address - (before + 1) * sizeof code, &code, 1) && is_of_stub(code)) {
        before++;
    }
    *pushed_bytes = !begins && code == (uint32_t)PUSH ? PUSHED_BYTES : 0;
    return begins || before + after > 0;
}

bool code_bytes_are_crosscall2(uintptr_t address) {
    uint32_t code[10]; // ldp x19, x20, [sp, #32] and eight more, ldp x29, x30, [sp, #176]
    return read_code(address, code, 10) && code[0] == 0xa94253f3 && code[9] == 0xa94b7bfd;
}
