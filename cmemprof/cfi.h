// cfi.h (unwind): call-frame information: how to recover the caller's registers at an address in C code.
//
// Source: the loaded object's .eh_frame, through the binary search table in .eh_frame_hdr (Linux Standard Base 5.0, chapter 10; DWARF 5,
// section 6.4; System V ABI for amd64, section 3.7; DWARF for the Arm 64-bit Architecture). Compilers emit it for all C and C++ code on
// both; Go's linker emits none for Go code. Only the rules for the CFA, FP, AUX (machine.h) and the return address are kept: compilers
// describe every CFA by SP or FP, the loader's trampolines on amd64 by RBX, and functions that realign their stack there by a word saved
// next to RBP.
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
#include "machine.h"

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
