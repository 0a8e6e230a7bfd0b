// code_bytes.h (unwind): recognises machine code where no unwind table covers it.
//
// Threads: any, also inside malloc and in signal handlers. No lock, no allocation. Never faults: pages are probed first.
#ifndef CMEMPROF_CODE_BYTES_H
#define CMEMPROF_CODE_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"

// Returns true if a call instruction ends at the address, as before every return address.
bool code_bytes_follow_call(uintptr_t address);

// Returns true if the code there is that of __restore_rt, where the kernel returns from a signal handler: it loads the number of
// rt_sigreturn and calls the kernel. musl and, on arm64, the kernel's own have no unwind table for it.
bool code_bytes_are_sigreturn(uintptr_t address);

// Returns true if the address is in a stub of the linker's, which jumps on (the PLT's entries, and bridges over long distances): on arm64
// they have no unwind table. *pushed_bytes: by how much the stub has lowered the stack pointer.
bool code_bytes_are_stub(uintptr_t address, unsigned *pushed_bytes);

// Returns true if the code there is that of Go's crosscall2 after its call into Go, on arm64: it gives C back its registers, X19 and X20
// first and X29 and X30 last, of a frame of 24 words.
bool code_bytes_are_crosscall2(uintptr_t address);

#endif
