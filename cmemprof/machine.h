// machine.h (unwind): what differs between processors, in one header for each: the registers, how a row of call-frame information is
// packed, where a signal handler finds the interrupted registers, and where Go's assembly keeps the way back from C.
//
// Of all registers four matter: the program counter, the stack pointer (SP), the frame pointer (FP) and one more (AUX):
//
//           PC   SP   FP   AUX                                                             return address
//   amd64   RIP  RSP  RBP  RBX: the loader's trampolines describe their frames by it       the word below the CFA
//   arm64   PC   SP   X29  X30: the link register, and where its caller's value was saved  in X30, until the function saves it
//
// Threads: any, also inside malloc and in signal handlers.
#ifndef CMEMPROF_MACHINE_H
#define CMEMPROF_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

enum cfi_base { CFI_SP, CFI_FP, CFI_AUX };
enum cfi_how {
    CFI_SAME,   // the register still holds the caller's value
    CFI_AT_CFA, // saved at CFA + offset
    CFI_AT_FP,  // saved at this frame's FP + offset (functions that realign their stack)
    CFI_UNKNOWN // not recoverable
};

// A start of a walk: of a called function, as of its return, or of an interrupted one.
struct unwind_start {
    uintptr_t pc, sp, fp, aux;
    bool aux_known;
    bool exact; // pc is the next instruction of an interrupted thread, not a return address
};

#if defined __x86_64__
#include "machine_amd64.h"
#elif defined __aarch64__
#include "machine_arm64.h"
#else
#error "cmemprof is for amd64 and arm64"
#endif

_Static_assert(sizeof(struct cfi_row) == 8, "a row is one word");

#endif
