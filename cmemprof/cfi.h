// cfi.h (unwind): call-frame information: how to recover the caller's registers at an address in C code. amd64.
//
// Source: the loaded object's .eh_frame, through the binary search table in .eh_frame_hdr (Linux Standard Base 5.0, chapter 10; DWARF 5,
// section 6.4; System V ABI for amd64, section 3.7). Compilers emit it for all C and C++ code on amd64; Go's linker emits none for Go code.
// Only the rules for the CFA, RBP, RBX and the return address are kept: compilers describe every CFA by RSP or RBP, the loader's
// trampolines by RBX, and functions that realign their stack by a word saved next to RBP.
//
// Input is untrusted: every read is bounds-checked against the object, so a damaged table yields CFI_NONE or a wrong row, never a fault,
// and a program that does not end is abandoned.
//
// Threads: any, also inside malloc and in signal handlers. No lock, no allocation.
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
    CFI_UNKNOWN // not recoverable
};

// One row of the table. CFA = base + cfa_offset, or the word at that address if cfa_indirect. Packed into 64 bits so that a cache entry can
// hold it in one word. Register offsets are in words of 8 bytes. cfa_offset is in the top bits, so that one shift extracts it.
struct cfi_row {
    uint64_t valid : 1; // always 1: a row is never 0
    uint64_t plain : 1; // nearly every row: base RSP or RBP, not indirect, registers unchanged or saved at the CFA, neither outermost nor
                        // signal frame
    uint64_t outermost : 1;    // the return address is undefined: the stack ends here
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
    CFI_UNSUPPORTED // an entry exists, but its rule cannot be represented
};

// A loaded object: the readable segment that contains .eh_frame_hdr and .eh_frame, and the start of .eh_frame_hdr.
struct cfi_object {
    const uint8_t *low, *high;
    const uint8_t *eh_frame_hdr;
};

// Finds the object that contains the address, in the loader's lock-free table (_dl_find_object, glibc 2.35 and newer) or else in
// code_objects.h.
bool cfi_object_at(uintptr_t address, struct cfi_object *object);

// address is that of the call instruction (return address - 1), or of the interrupted instruction itself after a signal.
enum cfi_result cfi_find(const struct cfi_object *object, uintptr_t address, struct cfi_row *row);

#endif
