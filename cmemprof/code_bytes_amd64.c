// code_bytes_amd64.c (unwind): see code_bytes.h.

#include "code_bytes.h"

#include <stddef.h>
#include <string.h>

#include "stack_memory.h"

static bool read_code(uintptr_t address, uint8_t *bytes, size_t size) {
    uintptr_t first = stack_memory_page(address), last = stack_memory_page(address + size - 1);
    if (address + size < address || !stack_memory_is_mapped(first) || (last != first && !stack_memory_is_mapped(last))) {
        return false;
    }
    memcpy(bytes, (const void *)address, size);
    return true;
}

// Length of FF /2 (call through a register or memory) by its ModRM and SIB bytes, without prefixes. Returns 0 for another instruction.
static size_t indirect_call_bytes(const uint8_t *at, size_t size) {
    if (size < 2 || at[0] != 0xff || (at[1] >> 3 & 7) != 2) {
        return 0;
    }
    unsigned mode = at[1] >> 6, base = at[1] & 7;
    if (mode == 3) {
        return 2;
    }
    bool sib = base == 4;
    size_t displacement = mode == 1 ? 1 : mode == 2 ? 4 : 0;
    if (mode == 0 && (base == 5 || (sib && size > 2 && (at[2] & 7) == 5))) {
        displacement = 4;
    }
    return 2 + sib + displacement;
}

bool code_bytes_follow_call(uintptr_t address) {
    enum { LONGEST = 7, DIRECT = 5 };
    uint8_t bytes[LONGEST] = {0};
    uintptr_t page = stack_memory_page(address - 1), before = address - LONGEST < page ? page - (address - LONGEST) : 0;
    if (address < LONGEST || (!read_code(address - LONGEST, bytes, LONGEST) && // before this page there may be none
                              (before == 0 || !read_code(page, bytes + before, LONGEST - before)))) {
        return false;
    }
    if (bytes[LONGEST - DIRECT] == 0xe8) {
        return true;
    }
    for (size_t size = 2; size <= LONGEST; size++) {
        if (indirect_call_bytes(bytes + LONGEST - size, size) == size) {
            return true;
        }
    }
    return false;
}

bool code_bytes_are_sigreturn(uintptr_t address) {
    static const uint8_t long_form[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05}, short_form[] = {0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05};
    uint8_t bytes[sizeof long_form];
    return read_code(address, bytes, sizeof bytes) &&
           (memcmp(bytes, long_form, sizeof long_form) == 0 || memcmp(bytes, short_form, sizeof short_form) == 0);
}

bool code_bytes_are_stub(uintptr_t address, unsigned *pushed_bytes) {
    (void)address, (void)pushed_bytes;
    return false; // there is a table
}

bool code_bytes_are_crosscall2(uintptr_t address) {
    (void)address;
    return false; // it has a frame record
}
