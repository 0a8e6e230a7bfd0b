// cfi.h: call-frame information: for an address in C code, how to find its caller's registers. amd64.
//
// Source: the .eh_frame of the loaded object, through the binary search table in .eh_frame_hdr (Linux Standard Base 5.0, chapter 10; DWARF
// 5, section 6.4; System V ABI for amd64, section 3.7). Compilers emit it for all C and C++ code on amd64; Go's linker emits none for Go.
// Of an entry's instructions only what concerns the CFA, RBP, RBX and the return address is kept: compilers describe every CFA by RSP or
// RBP, the loader's own trampolines by RBX, and functions that realign their stack by a word saved next to RBP.
//
// The input is never trusted: every read is checked against the object's bounds, so a damaged table gives CFI_NONE or a wrong row,
// never a fault; an endless entry is given up. Threads: any, also inside malloc and in a signal handler. No lock, no allocation.
#ifndef CMEMPROF_CFI_H
#define CMEMPROF_CFI_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"

enum cfi_base { CFI_RSP, CFI_RBP, CFI_RBX };
enum cfi_how {
    CFI_SAME,   // the register still holds the caller's value
    CFI_AT_CFA, // saved at CFA + offset
    CFI_AT_RBP, // saved at this frame's RBP + offset (functions that realign their stack)
    CFI_UNKNOWN // not to be had
};

// One row of the table. CFA = base + cfa_offset, or the word at that address if cfa_indirect.
// Packed into 64 bits so that a cache can hold it in one word; offsets of registers are in words of 8 bytes. The CFA's offset is on top,
// where one shift gets it.
struct cfi_row {
    uint64_t valid : 1;     // always 1, so that a row is never 0
    uint64_t plain : 1;     // base RSP or RBP, not indirect, registers the same or at the CFA, none of the special ends: nearly every row
    uint64_t outermost : 1; // the return address is undefined: the stack ends here
    uint64_t signal_frame : 1; // __restore_rt: the caller's registers are in the ucontext at RSP
    uint64_t base : 2, cfa_indirect : 1;
    uint64_t rbp : 2, rbx : 2;
    int64_t rbp_offset : 13, rbx_offset : 13;
    int64_t cfa_offset : 27;
};
_Static_assert(sizeof(struct cfi_row) == 8, "a row is one word");

enum cfi_result {
    CFI_FOUND,
    CFI_NONE,       // no entry covers the address
    CFI_UNSUPPORTED // there is one, but its rule is none of the above
};

// One loaded object: the readable bytes around its .eh_frame_hdr and .eh_frame, which are one segment, and where .eh_frame_hdr begins.
struct cfi_object {
    const uint8_t *low, *high;
    const uint8_t *eh_frame_hdr;
};

// The object that holds the address: from the loader's own lock-free table (_dl_find_object, glibc 2.35 and newer), else from ours
// (code_objects.h).
bool cfi_object_at(uintptr_t address, struct cfi_object *object);

// address: of the call instruction, that is return address - 1; of the instruction itself after a signal.
enum cfi_result cfi_find(const struct cfi_object *object, uintptr_t address, struct cfi_row *row);

#endif
