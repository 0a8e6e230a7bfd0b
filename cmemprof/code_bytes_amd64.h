// code_bytes_amd64.h (unwind): recognises machine code where no unwind table covers it.
//
// Threads: any, also inside malloc and in signal handlers. No lock, no allocation. Never faults: pages are probed first.
#ifndef CMEMPROF_CODE_BYTES_AMD64_H
#define CMEMPROF_CODE_BYTES_AMD64_H

#include <stdbool.h>
#include <stdint.h>

#include "namespace.h"

// Returns true if a call instruction ends at the address, as before every return address.
bool code_bytes_follow_call(uintptr_t address);

// Returns true if the code there is mov $15, %rax; syscall: __restore_rt, where the kernel returns from a signal handler. musl has no
// unwind table for it.
bool code_bytes_are_sigreturn(uintptr_t address);

#endif
